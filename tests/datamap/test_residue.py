"""Where an identifier is left: in clear, encrypted and keyed; and whether it may be."""

import io
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone

from compliance import keyring
from compliance.accounts.throttling import throttle_hit
from compliance.datamap.residue import Residue, SearchError, residue_of
from compliance.erasure.models import ErasureEvent, Refusal
from compliance.erasure.services import comment_add, person_told, request_deny
from compliance.jobs.models import Job
from compliance.jobs.outbox import webhook_enqueue
from compliance.portal.pages import PER_SUBJECT
from compliance.provenance.manifests import subject_commitment, subject_secret
from compliance.records.models import Item, Subject
from compliance.records.restriction import restriction_begin
from compliance.records.scope import EVERYTHING
from compliance.records.suppression import suppress
from compliance.sealing import seal
from tests.approving import approve
from tests.datamap.conftest import Later
from tests.erasure.conftest import ALICE, RITA, ask

BOB = "bob-0815@example.org"


def places(identifier: str = ALICE, *, expected: bool = True) -> set[str]:
    """Where the identifier was found and may be, or may not be."""
    found, unread = residue_of(identifier)
    assert unread == []
    return {f"{one.table}.{one.column}" for one in found if one.verdict.expected is expected}


def find(place: str, identifier: str = ALICE) -> Residue:
    [one] = [each for each in residue_of(identifier)[0] if f"{each.table}.{each.column}" == place]
    return one


def test_nothing_is_found_of_somebody_unknown(db: None):
    Subject.objects.create(external_id=BOB)
    assert residue_of(ALICE) == ([], [])


def test_a_subject_is_found_and_may_be_there(db: None):
    Subject.objects.create(external_id=ALICE, contact=seal("alice@example.org"))
    assert places() == {"records_subject.external_id"}
    assert places("alice@example.org") == {"records_subject.contact"}
    assert places("ALICE@example.org") == {"records_subject.contact"}, "Case says nothing."


def test_an_open_request_is_found_sealed_and_keyed(db: None):
    ask()
    assert places() == {
        "erasure_erasurerequest.identity",
        "erasure_erasurerequest.identity_index",
        "records_restriction.identity",
        "records_restriction.tag",
    }
    assert places(expected=False) == set()


def test_a_refused_request_leaves_nothing_once_the_person_has_been_told(db: None):
    request = ask()
    request_deny(request_id=request.pk, actor=RITA, article=Refusal.NO_MATCH, text="Nothing.")
    assert places() == {"records_restriction.identity", "records_restriction.tag"}
    assert places(expected=False) == set()
    person_told(request_id=request.pk, actor=RITA)
    assert residue_of(ALICE) == ([], [])


def test_an_erased_subject_leaves_a_suppression_tag_and_a_commitment(db: None):
    Subject.objects.create(external_id=ALICE)
    approve(ask())
    found = places()
    assert {"records_suppression.tag", "erasure_erasurerequest.subject_commitment"} <= found
    assert "records_subject.external_id" not in found
    assert places(expected=False) == set()


def test_a_subject_that_was_not_erased_after_all_may_not_be_there(db: None):
    Subject.objects.create(external_id=ALICE)
    suppress(ALICE, EVERYTHING, timezone.now() + timedelta(seconds=1))
    assert places(expected=False) == {"records_subject.external_id"}


def test_a_customer_who_came_back_may_be_there(db: None):
    suppress(ALICE, EVERYTHING, timezone.now() - timedelta(days=1))
    Subject.objects.create(external_id=ALICE)
    assert places(expected=False) == set()
    assert places() == {"records_subject.external_id", "records_suppression.tag"}


def test_a_restriction_that_outlived_its_approval_may_not_be_there(db: None):
    request = approve(ask())
    restriction_begin(external_id=ALICE, request_id=request.pk, scope=EVERYTHING)
    assert places(expected=False) == {"records_restriction.identity", "records_restriction.tag"}


def test_an_identifier_in_a_column_that_holds_nothing_personal_may_not_be_there(db: None):
    Item.objects.create(external_id="i1", title="T", attributes={"by": f"<{ALICE.upper()}>"})
    ErasureEvent.objects.create(request=ask(subject=BOB), actor=RITA, note=f"Told {ALICE}.")
    assert places(expected=False) == {"records_item.attributes", "erasure_erasureevent.note"}


def test_json_finds_what_it_escapes(db: None):
    name = 'Zoë "Z" \\ Müller'
    Item.objects.create(external_id="i1", title="T", attributes={"by": name})
    assert places(name, expected=False) == {"records_item.attributes"}


def test_an_identifier_in_clear_where_it_must_be_encrypted_is_found(db: None):
    Subject.objects.create(external_id=BOB, contact=ALICE.encode())
    found, unread = residue_of(ALICE)
    assert [(one.column, one.verdict.expected) for one in found] == [("contact", False)]
    assert [(one.column, one.rows) for one in unread] == [("contact", 1)], "It is not encrypted."


def test_the_secret_of_the_commitments_may_stand_nowhere(db: None):
    Item.objects.create(external_id="i1", title=subject_secret(ALICE).hex())
    assert places(expected=False) == {"records_item.title"}


def test_a_keyed_digest_is_found_as_hexadecimal_too(db: None):
    Job.objects.create(queue="default", kind="x", error=f"No {subject_commitment(ALICE).hex()}.")
    assert places() == {"jobs_job.error"}


def test_a_comment_and_a_message_are_decrypted(db: None):
    request = ask(subject=BOB)
    comment_add(request_id=request.pk, actor=RITA, text=f"It is {ALICE} again.")
    with transaction.atomic():
        webhook_enqueue(about=request.pk, topic="x", url="https://x.example", body=ALICE.encode())
    assert places() == {"erasure_comment.text", "jobs_outboxmessage.payload"}


def test_a_comment_past_its_time_may_not_be_there(later: Later):
    request = ask(subject=BOB)
    comment_add(request_id=request.pk, actor=RITA, text=f"It is {ALICE} again.")
    request_deny(request_id=request.pk, actor=RITA, article=Refusal.NO_MATCH, text="Nothing.")
    assert places() == {"erasure_comment.text"}
    later(1100)
    assert places(expected=False) == {"erasure_comment.text"}
    assert find("erasure_comment.text").verdict.why.startswith("past its time")


def test_sessions_and_the_log_of_the_admin_are_searched(db: None):
    session = SessionStore()
    session["message"] = f"Saved {ALICE}."
    session.create()
    rita = User.objects.create_user("rita")
    LogEntry.objects.create(user=rita, object_repr=ALICE, action_flag=CHANGE)
    assert places() == {"django_session.session_data", "django_admin_log.object_repr"}


def test_a_counter_of_the_portal_is_found(db: None):
    throttle_hit(PER_SUBJECT, ALICE, limit=5, seconds=600)
    assert places() == {"accounts_throttle.key"}


def test_a_column_that_cannot_be_searched_is_named_and_the_identifier_is_not(
    db: None, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("compliance.datamap.cells.WITHIN", "unnest({}::text[]) = {}")
    with pytest.raises(
        SearchError, match=r"^accounts_apiclient\.\w+ could not be searched"
    ) as error:
        residue_of(ALICE)
    assert ALICE not in str(error.value)


def test_what_is_encrypted_with_another_key_is_said(db: None, monkeypatch: pytest.MonkeyPatch):
    ask()
    real = keyring.secret
    monkeypatch.setattr(
        "compliance.sealing.secret", lambda key: bytes(32) if key == "identity" else real(key)
    )
    unread = residue_of(ALICE)[1]
    assert {f"{one.table}.{one.column}" for one in unread} == {
        "erasure_erasurerequest.identity",
        "records_restriction.identity",
    }


def test_a_short_identifier_is_not_found_in_what_is_encrypted(db: None):
    Subject.objects.create(external_id="other", contact=b"gAAA-12-AAA")
    assert residue_of("12")[0] == []
    Subject.objects.create(external_id="another", contact=b"12")
    assert not find("records_subject.contact", "12").verdict.expected


def test_a_short_identifier_is_looked_for_as_a_whole(db: None):
    Subject.objects.create(external_id="7")
    Subject.objects.create(external_id="17")
    Item.objects.create(external_id="7", title="Seven 7")
    found, _ = residue_of("7")
    assert {(f"{one.table}.{one.column}", one.rows) for one in found} == {
        ("records_subject.external_id", 1),
        ("records_item.external_id", 1),
    }
    assert find("records_item.external_id", "7").verdict.why.endswith("by chance: look")


Run = Callable[[str], tuple[int, str]]


@pytest.fixture
def run(db: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command with this on standard input; return exit code and what it said."""

    def command(given: str) -> tuple[int, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(given))
        try:
            call_command("residue")
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        return code, capsys.readouterr().out

    return command


def test_the_command_names_lines_and_columns_and_never_the_identifier(run: Run):
    Subject.objects.create(external_id=ALICE)
    code, said = run(f"{BOB}\n\n{ALICE}\n")
    assert said.splitlines() == [
        "line 1: nothing found.",
        "line 3: records_subject.external_id: 1 row, the identifier. "
        "expected: kept until the person's erasure, or that of the record.",
    ]
    assert (code, run(BOB)[0]) == (1, 0)


def test_the_command_ends_with_3_where_something_may_not_be(run: Run):
    Item.objects.create(external_id="i1", title=ALICE)
    code, said = run(f"{ALICE}\n{BOB}")
    assert code == 3
    assert "NOT EXPECTED: the map has nothing personal there." in said


@pytest.mark.parametrize(("given", "says"), [("", "is empty"), ("a\n\x00alice\n", "Line 2 holds")])
def test_bad_input_is_named_and_not_repeated(run: Run, given: str, says: str):
    with pytest.raises(CommandError, match=says) as error:
        run(given)
    assert error.value.returncode == 2
    assert "alice" not in str(error.value)
