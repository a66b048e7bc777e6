"""`manage.py import_contacts`: how subjects can be reached."""

from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from compliance.records.contacts import Contact, contact_of
from compliance.records.models import Interaction, Subject
from compliance.records.scope import EVERYTHING
from compliance.records.services import records_erase

pytestmark = pytest.mark.django_db
HEAD = "subject,email,language\n"


@pytest.fixture
def run(importer, tmp_path):
    """Import subjects 7 and 8; then read what a file says and return what was printed."""
    importer.movielens()

    def run(text: str) -> str:
        path, out = tmp_path / "contacts.csv", StringIO()
        path.write_text(text, encoding="utf-8")
        call_command("import_contacts", path, rejects=importer.rejects, stdout=out)
        return out.getvalue()

    return run


def test_it_sets_changes_and_clears(run):
    printed = run(HEAD + "7,seven@example.org,de\n9,nine@example.org,\n")
    assert "1 subjects are new, 1 can be reached otherwise now, 0 as before" in printed
    assert contact_of("7") == Contact("seven@example.org", "de")
    assert contact_of("9") == Contact("nine@example.org", "")
    printed = run(HEAD + "7,,de\n9,nine@example.org,\n")
    assert "0 subjects are new, 1 can be reached otherwise now, 1 as before" in printed
    assert contact_of("7") is None
    assert Interaction.objects.filter(subject__external_id="7").count() == 2


def test_bad_lines_are_told_and_the_others_are_taken(run, importer):
    lines = (
        "7,seven,de\n8,eight@example.org,fr\n8,e@example.org,en\n8,f@example.org,en\n,x@y.org,\n"
    )
    run(HEAD + lines)
    assert contact_of("8") == Contact("e@example.org", "en")
    assert [(row["line"], row["reason"]) for row in importer.rejected()] == [
        ("2", "email is not a mail address"),
        ("3", "language is not one of en, de, or empty"),
        ("5", "subject has another contact in an earlier line: keep one of them"),
        ("6", "subject is empty"),
    ]


def test_who_was_erased_is_skipped_and_not_named(run, importer):
    records_erase(external_id="7", scope=EVERYTHING, at=datetime(2020, 1, 1, tzinfo=UTC))
    assert "1 lines of erased subjects, skipped" in run(HEAD + "7,seven@example.org,de\n")
    assert not Subject.objects.filter(external_id="7").exists()
    assert importer.rejected() == []


def test_who_came_back_can_be_reached_again(run, importer):
    records_erase(external_id="7", scope=EVERYTHING, at=datetime(2000, 1, 1, tzinfo=UTC))
    importer.movielens()
    run(HEAD + "7,seven@example.org,de\n")
    assert contact_of("7") == Contact("seven@example.org", "de")


def test_another_header_is_refused(run):
    with pytest.raises(CommandError, match="It must be 'subject,email,language'"):
        run("subject,mail\n7,seven@example.org\n")
