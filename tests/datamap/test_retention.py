"""What is past its time goes, what is not stays, and evidence is never touched."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

from compliance.accounts.models import ApiClient, Throttle
from compliance.accounts.scopes import Scope as ApiScope
from compliance.accounts.throttling import throttle_hit
from compliance.datamap.columns import Erased
from compliance.datamap.retention import retention_due, retention_run
from compliance.datamap.rules import RULES
from compliance.datamap.tables import TABLES
from compliance.erasure.batches import batch_draft, batch_finish, batch_look, batch_start
from compliance.erasure.models import (
    Answer,
    Batch,
    BatchAction,
    BatchItem,
    Comment,
    Endorsement,
    ErasureEvent,
    ErasureRequest,
    Extension,
    IdentityCode,
    IdentityMethod,
    Preview,
    Refusal,
    Step,
)
from compliance.erasure.parts import Part
from compliance.erasure.proving import code_send
from compliance.erasure.services import (
    comment_add,
    person_told,
    request_cancel,
    request_confirm_identity,
    request_deny,
    request_extend,
)
from compliance.erasure.services.receiving import Origin
from compliance.jobs.models import Job, JobState, MessageState, OutboxMessage, Outcome, Queue
from compliance.jobs.outbox import mail_enqueue, message_mark_failed
from compliance.jobs.services import job_enqueue
from compliance.opendsr.models import OpenDsrRequest, Regulation
from compliance.records.intake import Interacted, interactions_take
from compliance.records.models import Interaction, Item, ParkedInteraction, Restriction
from compliance.records.scope import Scope
from tests.approving import approve
from tests.datamap.conftest import Later
from tests.erasure.conftest import ALICE, RITA, ask

EARLY, LATE = 1090, 1100  # around 36 months, in days


def denied() -> ErasureRequest:
    """Refused on the day it came, with an extension and a comment."""
    request = ask()
    comment_add(request_id=request.pk, actor=RITA, text="Called her twice.")
    request_extend(request_id=request.pk, actor=RITA, reasons="Many requests.", told=True)
    request_deny(
        request_id=request.pk, actor=RITA, article=Refusal.LEGAL_CLAIMS, text="A suit is pending."
    )
    return request


def words(request: ErasureRequest) -> dict[str, bool]:
    """Which of the request's words are still there."""
    return {
        "answer": Answer.objects.get(request=request).text is not None,
        "extension": Extension.objects.get(request=request).reasons is not None,
        "comment": Comment.objects.get(request=request).text is not None,
    }


def test_the_words_of_a_request_go_36_months_after_its_end(later: Later):
    request = denied()
    later(EARLY)
    retention_run()
    assert words(request) == {"answer": True, "extension": True, "comment": True}
    later(LATE)
    done = retention_run()
    assert words(request) == {"answer": False, "extension": False, "comment": False}
    assert done["texts of refusals"] == done["reasons of extensions"] == done["comments"] == 1
    assert set(retention_run().values()) == {0}, "Once more it finds nothing."


def test_the_time_can_be_set(later: Later, settings):
    request = denied()
    settings.RETENTION_MONTHS = 2
    later(57)
    retention_run()
    assert words(request)["answer"]
    later(64)
    retention_run()
    assert not words(request)["answer"]


def test_the_words_of_an_open_request_stay(later: Later):
    request = ask()
    comment_add(request_id=request.pk, actor=RITA, text="Called her twice.")
    later(LATE)
    retention_run()
    assert Comment.objects.get().text is not None


def test_what_is_parked_waits_for_the_person_to_be_told_however_long(later: Later):
    Item.objects.create(external_id="film", title="Film")
    request = ask()
    request_deny(request_id=request.pk, actor=RITA, article=Refusal.LEGAL_CLAIMS, text="No.")
    interactions_take([Interacted(ALICE, "film", Decimal(4), datetime(2024, 1, 1, tzinfo=UTC))])
    later(LATE)
    retention_run()
    assert ParkedInteraction.objects.count() == Restriction.objects.count() == 1
    assert list(ErasureRequest.objects.untold()) == [request]
    person_told(request_id=request.pk, actor=RITA)
    assert (ParkedInteraction.objects.count(), Interaction.objects.count()) == (0, 1)


def test_the_words_stay_while_the_request_is_reopened(later: Later):
    request = denied()
    ask(origin=Origin(reopens=request.pk))
    later(LATE)
    retention_run()
    assert words(request)["answer"]


def test_events_and_the_request_itself_stay(later: Later):
    request = denied()
    before = list(ErasureEvent.objects.values()), list(ErasureRequest.objects.values())
    later(LATE)
    retention_run()
    assert (list(ErasureEvent.objects.values()), list(ErasureRequest.objects.values())) == before
    assert Answer.objects.get(request=request).article == Refusal.LEGAL_CLAIMS


def approved_by_one(request: ErasureRequest) -> ErasureRequest:
    """Looked at and approved by the first of two."""
    part = Part(Scope(items=frozenset({"i-1"})), Refusal.LEGAL_CLAIMS, "A suit is pending.")
    return approve(request, actor=RITA, part=part)


def test_previews_and_endorsements_go_36_months_after_the_end_and_who_approved_stays(
    later: Later, settings
):
    settings.FOUR_EYES = True
    request = approved_by_one(ask())
    request_cancel(request_id=request.pk, actor=RITA)
    later(EARLY)
    retention_run()
    assert (Preview.objects.count(), Endorsement.objects.count()) == (1, 1)
    later(LATE)
    done = retention_run()
    assert done["previews"] == done["endorsements"] == 1
    assert not Preview.objects.exists()
    assert not Endorsement.objects.exists()
    assert request.events.get(step=Step.ENDORSED).actor == RITA
    assert set(retention_run().values()) == {0}, "Once more it finds nothing."


def test_previews_and_endorsements_of_an_open_request_stay(later: Later, settings):
    settings.FOUR_EYES = True
    approved_by_one(ask())
    later(LATE)
    retention_run()
    assert (Preview.objects.count(), Endorsement.objects.count()) == (1, 1)


def test_the_digest_of_an_opendsr_call_goes_with_the_words(later: Later):
    request = denied()
    client = ApiClient.objects.create(name="Shop", key_id="k", scopes=[ApiScope.OPENDSR])
    side = OpenDsrRequest.objects.create(
        request=request, client=client, regulation=Regulation.GDPR, body_digest=bytes(32)
    )
    later(LATE)
    assert retention_run()["digests of OpenDSR calls"] == 1
    side.refresh_from_db()
    assert side.body_digest is None


def test_a_dead_letter_is_forgotten_after_30_days(later: Later):
    with transaction.atomic():
        message = mail_enqueue(
            about=denied().pk, topic="erasure.denied", to="a@example.org", subject="s", text="t"
        )
        message_mark_failed(message, outcome=Outcome.REJECTED, final=True)
    later(29)
    retention_run()
    assert OutboxMessage.objects.get().payload is not None
    later(31)
    assert retention_run()["contents of dead letters"] == 1
    message.refresh_from_db()
    assert (message.payload, message.state) == (None, MessageState.CANCELLED)


def test_a_code_goes_when_the_identity_was_shown_otherwise(later: Later):
    request = ask(checked=False, reachable=True)
    code_send(request_id=request.pk, actor="subject:")
    later(2)
    retention_run()
    assert IdentityCode.objects.exists(), "How many were sent still counts."
    request_confirm_identity(request_id=request.pk, actor=RITA, method=IdentityMethod.REVIEWER)
    assert retention_run()["codes"] == 1
    assert not IdentityCode.objects.exists()


def a_batch(way: int) -> Batch:
    """A refusal of one request, so many steps on its way: drafted, looked at, ready, started."""
    batch = batch_draft(action=BatchAction.DENY, request_ids=[ask().pk], actor=RITA)
    steps = [
        lambda: batch_look(batch_id=batch.pk, actor=RITA, values={"text": "because"}),
        lambda: batch_finish(batch.pk),
        lambda: batch_start(batch_id=batch.pk, actor=RITA),
        lambda: batch_finish(batch.pk),
    ]
    for step in steps[:way]:
        step()
    batch.refresh_from_db()
    return batch


@pytest.mark.parametrize(
    ("way", "state", "rule", "days"),
    [
        (0, "draft", "drafts of batches", 1),
        (1, "previewing", "batches that nobody started", 30),
        (2, "ready", "batches that nobody started", 30),
        (4, "done", "batches that are done", 90),
    ],
)
def test_a_batch_goes_when_its_time_is_over(
    later: Later, way: int, state: str, rule: str, days: int
):
    assert a_batch(way).state == state
    later(days - 0.1)
    retention_run()
    assert Batch.objects.exists()
    later(days + 0.1)
    assert retention_run()[rule] == 1
    assert not Batch.objects.exists()
    assert not BatchItem.objects.exists()


def test_a_batch_that_runs_stays(later: Later):
    assert a_batch(3).state == "running"
    later(LATE)
    retention_run()
    assert Batch.objects.exists()


def test_the_error_of_a_job_goes_after_90_days_and_the_job_stays(later: Later):
    job_enqueue(queue=Queue.DEFAULT, kind="refresh", target="1")
    Job.objects.update(state=JobState.FAILED, error="KeyError: 'x'", finished_at=timezone.now())
    later(89)
    retention_run()
    assert Job.objects.get().error
    later(91)
    assert retention_run()["errors of jobs"] == 1
    assert (Job.objects.get().error, Job.objects.get().state) == ("", JobState.FAILED)


def test_sessions_go_when_they_have_ended(later: Later):
    for key, hours in (("old", -1), ("new", 1)):
        end = timezone.now() + timedelta(hours=hours)
        Session.objects.create(session_key=key, session_data="x", expire_date=end)
    assert retention_run()["sessions"] == 1
    assert Session.objects.get().session_key == "new"


def test_the_log_of_the_admin_goes_after_36_months(later: Later):
    rita = User.objects.create_user("rita")
    LogEntry.objects.create(
        user=rita, object_repr="subject #3", action_flag=CHANGE, action_time=timezone.now()
    )
    later(EARLY)
    retention_run()
    assert LogEntry.objects.exists()
    later(LATE)
    assert retention_run()["the admin's log"] == 1
    assert not LogEntry.objects.exists()


def test_counters_go_when_their_window_has_ended(db: None):
    throttle_hit("sign", "alice", limit=1, seconds=0)
    throttle_hit("sign", "bob", limit=1, seconds=600)
    assert retention_run()["counters of attempts"] == 1
    assert Throttle.objects.count() == 1


def test_each_time_limit_of_the_map_has_a_rule_and_each_rule_a_time_limit():
    by_retention = {Erased.RETENTION, Erased.DELIVERY, Erased.DONE}
    limits = {
        (name, column)
        for name, table in TABLES.items()
        for column, said in table.columns.items()
        if said.fate and said.fate.erased in by_retention
    }
    assert limits == {(rule.table, column) for rule in RULES for column in rule.columns}


def test_a_dry_run_changes_nothing_and_says_as_much_as_the_run(later: Later):
    request = denied()
    later(LATE)
    due = retention_due()
    out = StringIO()
    call_command("retention", "--dry-run", stdout=out)
    assert words(request)["answer"]
    assert "texts of refusals: 1 row\n" in out.getvalue()
    assert f"{sum(due.values())} would be cleared, by {len(RULES)} rules." in out.getvalue()
    out = StringIO()
    call_command("retention", stdout=out)
    assert "texts of refusals: 1 row\n" in out.getvalue()
    assert not words(request)["answer"]


def test_what_a_rule_names_is_there(db: None):
    for rule in RULES:
        assert set(rule.columns) <= set(TABLES[rule.table].columns)


def test_the_clock_runs_it_daily():
    from workers.app import app
    from workers.tasks import retain

    entry = app.conf.beat_schedule["retain"]
    assert (entry["task"], entry["schedule"]) == (retain.name, 24 * 3600)
    assert entry["options"] == {"queue": "notify"}
