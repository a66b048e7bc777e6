"""`manage.py set_erasure_classes`: who is likely to be erased, as the operator sees it."""

from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from compliance.records.models import Subject
from compliance.records.scope import EVERYTHING
from compliance.records.services import records_erase

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(importer, tmp_path):
    """Import subjects 7 and 8; then set what a file says and return what was printed."""
    importer.movielens()

    def run(text: str) -> str:
        path, out = tmp_path / "classes.csv", StringIO()
        path.write_text(text, encoding="utf-8")
        call_command("set_erasure_classes", path, rejects=importer.rejects, stdout=out)
        return out.getvalue()

    return run


def classes() -> dict[str, str]:
    return dict(Subject.objects.values_list("external_id", "erasure_class"))


def test_it_sets_changes_and_clears(run):
    assert "2 subjects have another class now, 0 had it" in run("subject,class\n7,trial\n8,eu\n")
    assert classes() == {"7": "trial", "8": "eu"}
    assert "1 subjects have another class now, 1 had it" in run("subject,class\n7,\n8,eu\n")
    assert classes() == {"7": "", "8": "eu"}


def test_bad_lines_are_told_and_the_others_are_taken(run, importer):
    text = f"subject,class\n9,eu\n,eu\n7,{'x' * 51}\n8,eu\n8,us\n8\n"
    printed = run(text)
    assert classes() == {"7": "", "8": "eu"}
    assert [(row["line"], row["value"], row["reason"]) for row in importer.rejected()] == [
        ("3", "", "subject is empty"),
        ("4", "x" * 51, "class is longer than 50 characters"),
        ("6", "us", "subject has another class in an earlier line: keep one of them"),
        ("7", "columns: 1", "line must have 2 columns"),
        ("2", "9", "subject is not known: import its records first"),
    ]
    assert "1 rejected: subject is not known: import its records first" in printed


def test_an_erased_subject_is_skipped_and_named_nowhere(run, importer):
    records_erase(external_id="7", scope=EVERYTHING, at=datetime(2020, 1, 1, tzinfo=UTC))
    assert "1 lines of erased subjects, skipped" in run("subject,class\n7,eu\n")
    assert importer.rejected() == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [("subject,klass\n", "must be 'subject,class'"), ("", "must be 'subject,class'")],
    ids=["header", "empty"],
)
def test_another_header_is_refused(run, text, fault):
    with pytest.raises(CommandError, match=fault):
        run(text)


def test_a_missing_file_is_refused(run, tmp_path):
    with pytest.raises(CommandError, match="does not exist"):
        call_command("set_erasure_classes", tmp_path / "none.csv")
