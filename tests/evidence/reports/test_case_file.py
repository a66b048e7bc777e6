"""The case file: everything about one request, in order."""

import json
from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import User
from django.db import transaction

from compliance.erasure.impact import impact_of
from compliance.erasure.models import ErasureRequest, PauseKind, Recipient, Refusal, Step
from compliance.erasure.notices import recipients_tell
from compliance.erasure.services import (
    comment_add,
    person_told,
    request_approve,
    request_deny,
    request_extend,
    request_pause,
    request_unpause,
)
from compliance.evidence.models import Certificate
from compliance.evidence.reports.casefile import case_file, case_file_take
from compliance.evidence.reports.exporting import case_file_export
from compliance.evidence.reports.formats import Format, json_text
from compliance.jobs.models import DeliveryAttempt, Outcome
from compliance.jobs.outbox import mail_enqueue
from compliance.keyring import Key, key_path, secret
from compliance.records.scope import Scope
from compliance.sealing import seal
from tests.admin.conftest import make_trained_plan
from tests.approving import approve
from tests.erasure.conftest import ALICE, RITA, ask

pytestmark = pytest.mark.django_db

SECRET_FILM = "secret-film"


def fresh(request: ErasureRequest) -> ErasureRequest:
    return ErasureRequest.objects.get(pk=request.pk)


def file_of(request: ErasureRequest, *, with_comments: bool = True) -> dict:
    return case_file(fresh(request), with_comments=with_comments)


def test_it_tells_the_story_in_order(at):
    rita = User.objects.create_user("rita")
    actor = f"user:{rita.pk}"
    at("2026-01-31T12:00")
    request = ask()
    at("2026-02-10T09:00")
    request_pause(request_id=request.pk, actor=actor, kind=PauseKind.CLARIFICATION)
    at("2026-02-15T09:00")
    request_unpause(request_id=request.pk, actor=actor)
    request_extend(request_id=request.pk, actor=actor, reasons="Many systems.", told=True)
    at("2026-03-01T09:00")
    request_deny(request_id=request.pk, actor=actor, article=Refusal.EXCESSIVE, text="Again.")
    person_told(request_id=request.pk, actor=actor)
    file = file_of(request)
    assert [(event["step"], event["to_state"]) for event in file["events"]] == [
        ("moved", "received"),
        ("moved", "in_review"),
        ("paused", "in_review"),
        ("unpaused", "in_review"),
        ("extension_asked", "in_review"),
        ("extended", "in_review"),
        ("moved", "denied"),
        ("person_told", "denied"),
        ("restriction_lifted", "denied"),
    ]
    assert {event["actor"] for event in file["events"][2:7]} == {"rita"}
    (pause,) = file["clock"]["pauses"]
    assert (pause["kind"], pause["days"]) == ("clarification", 5)
    extension = file["clock"]["extension"]
    assert (extension["reasons"], extension["actor"]) == ("Many systems.", "rita")
    assert (file["refusal"]["article"], file["refusal"]["text"]) == ("12(5)", "Again.")
    assert str(file["clock"]["due_on"]) == "2026-05-05"
    assert str(file["clock"]["due_on_without_pauses"]) == "2026-04-30"


def test_it_holds_each_notice_with_every_attempt(at):
    at("2026-01-31T12:00")
    request = ask()
    with transaction.atomic():
        message = mail_enqueue(
            about=request.pk, topic="erasure.receipt", to="a@example.org", subject="S", text="T"
        )
        mail_enqueue(
            about=ask(subject="bob").pk, topic="other", to="b@example.org", subject="S", text="T"
        )
    DeliveryAttempt.objects.create(message=message, outcome=Outcome.TIMEOUT)
    DeliveryAttempt.objects.create(message=message, outcome=Outcome.DELIVERED, status=250)
    (notice,) = file_of(request)["notices"]
    assert (notice["topic"], notice["state"]) == ("erasure.receipt", "queued")
    assert [(a["outcome"], a["status"]) for a in notice["attempts"]] == [
        ("timeout", None),
        ("delivered", 250),
    ]


def test_it_says_which_recipient_was_told(at):
    Recipient.objects.create(name="Partner Ltd", mail=seal("dpo@partner.example"))
    request = ask()
    with transaction.atomic():
        recipients_tell(fresh(request))
    text = json_text(file_of(request))
    (told,) = [each for each in file_of(request)["notices"] if each["recipient"]]
    assert (told["recipient"], told["topic"]) == ("Partner Ltd", "erasure.recipient")
    assert "dpo@partner.example" not in text


def test_it_holds_previews_and_endorsements(at, settings):
    settings.FOUR_EYES = True
    request = ask()
    digest = impact_of(fresh(request)).digest
    request_approve(request_id=request.pk, actor=RITA, digest=digest)
    file = file_of(request)
    assert [preview["digest"] for preview in file["previews"]] == [digest]
    assert [(e["actor"], e["digest"]) for e in file["endorsements"]] == [(RITA, digest)]


def test_it_holds_what_was_erased_and_what_learned_from_it():
    make_trained_plan()
    request = approve(ask())
    file = file_of(request)
    (shard,) = file["shards"]
    assert len(shard["removed_commitments"]) == 4
    assert shard["manifest_before"] != shard["adapter"]["manifest"]
    assert shard["adapter"]["state"] == "pending"
    assert shard["adapter_before"].startswith("sha256:")
    assert file["releases"]["interim"] == fresh(request).release_interim != ""
    assert file["request"]["erased_interactions"] == 4


def test_it_holds_the_certificate_as_issued():
    request = ask()
    envelope = b'{"payload":"AA==" , "payloadType":"x"}\n'
    Certificate.objects.create(request=request, envelope=envelope, digest="sha256:1", key_id="k")
    assert file_of(request)["certificate"]["envelope"].encode() == envelope


def test_it_names_linked_requests():
    first = ask()
    second = ask()
    assert file_of(second)["linked"]["duplicate_of"] == first.pk
    assert file_of(first)["linked"]["duplicates"] == [second.pk]


def test_comments_are_for_those_who_may_read_them():
    request = ask()
    comment_add(request_id=request.pk, actor=RITA, text="Called Alice.")
    (comment,) = file_of(request)["comments"]
    assert comment["text"] == "Called Alice."
    assert file_of(request, with_comments=False)["comments"] is None


def test_that_it_was_taken_stands_in_it():
    request = ask()
    case_file_take(request_id=request.pk, actor="client:7", with_comments=False)
    file = case_file_take(request_id=request.pk, actor="client:8", with_comments=False)
    taken = [e["actor"] for e in file["events"] if e["step"] == Step.CASE_FILE_TAKEN]
    assert taken == ["client:7", "client:8"]


def test_it_can_be_taken_after_the_answer_too():
    request = ask()
    request_deny(request_id=request.pk, actor=RITA, article=Refusal.NO_MATCH, text="Nobody.")
    file = case_file_take(request_id=request.pk, actor=RITA, with_comments=False)
    assert file["request"]["state"] == "denied"


@pytest.mark.parametrize("format_", list(Format))
def test_it_does_not_say_whom_it_is_about(format_):
    request = ask(reachable=True, scope=Scope(items=frozenset({SECRET_FILM})))
    response = case_file_export(fresh(request), format_, actor=RITA, with_comments=True)
    text = response.content.decode()
    assert str(request.pk) in text
    for personal in (ALICE, "alice@example.org", SECRET_FILM):
        assert personal not in text


def test_as_csv_a_refusal_cannot_become_a_formula():
    request = ask()
    text = '=HYPERLINK("https://evil.example")'
    request_deny(request_id=request.pk, actor=RITA, article=Refusal.EXCESSIVE, text=text)
    written = case_file_export(fresh(request), Format.CSV, actor=RITA, with_comments=False)
    assert b"refusal/text,\"'=HYPERLINK(" in written.content
    read = case_file_export(fresh(request), Format.JSON, actor=RITA, with_comments=False)
    assert json.loads(read.content)["refusal"]["text"] == text


@pytest.fixture
def other_key() -> Iterator[Callable[[], None]]:
    """Another identity key in the place of this installation's."""
    old = key_path(Key.IDENTITY).read_text()

    def write(text: str) -> None:
        key_path(Key.IDENTITY).chmod(0o600)
        key_path(Key.IDENTITY).write_text(text)
        secret.cache_clear()

    yield lambda: write("ab" * 32)
    write(old)


def test_words_under_another_identity_key_do_not_keep_the_rest_away(other_key):
    request = ask()
    request_deny(request_id=request.pk, actor=RITA, article=Refusal.EXCESSIVE, text="Again.")
    other_key()
    assert "another identity key" in file_of(request)["refusal"]["text"]
