"""Approve what was previewed, in part or by two; deny with reasons; assign and comment."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Group, User
from django.utils import timezone

from compliance.accounts.roles import AUDITOR, REVIEWER
from compliance.erasure.errors import ImpactChangedError, PartError, PausedError, SecondPersonError
from compliance.erasure.impact import impact_of
from compliance.erasure.models import Answer, Outcome, PauseKind, Refusal
from compliance.erasure.parts import Part
from compliance.erasure.services import (
    approving,
    comment_add,
    request_approve,
    request_assign,
    request_deny,
    request_pause,
)
from compliance.erasure.services.ending import NoReasonError
from compliance.erasure.services.handling import AssigneeError
from compliance.erasure.states import State
from compliance.provenance.models import Plan
from compliance.records.intake import Interacted, interactions_take
from compliance.records.intake import Outcome as Taken
from compliance.records.models import Interaction, Item, Subject
from compliance.records.scope import Scope
from compliance.sealing import unseal
from tests.admin.conftest import make_trained_plan
from tests.approving import approve
from tests.erasure.conftest import ALICE, OTTO, RITA, ask

pytestmark = pytest.mark.django_db
PART = Part(Scope(items=frozenset({"i-1"})), Refusal.LEGAL_CLAIMS, "The rest is needed in court.")


@pytest.fixture
def plan() -> Plan:
    return make_trained_plan()


def left() -> set[str]:
    rows = Interaction.objects.filter(subject__external_id=ALICE)
    return set(rows.values_list("item__external_id", flat=True))


def test_an_approval_of_what_was_previewed_erases(plan):
    request = approve(ask())

    assert request.outcome == Outcome.FULL
    assert request.erased_interactions == 4
    assert left() == set()


def test_what_comes_in_while_an_approval_waits_does_not_come_back(plan, monkeypatch):
    """An approval waits for an import under way, which parks what is newer than the click."""
    request, real = ask(), approving.ingest_stop
    taken: list[Interacted] = []

    def waited() -> None:
        taken.append(Interacted(ALICE, "i-1", Decimal(5), timezone.now()))
        assert interactions_take(taken)[0].outcome is Taken.PARKED
        real()

    monkeypatch.setattr(approving, "ingest_stop", waited)
    assert approve(request).erased_interactions == 5
    assert interactions_take(taken)[0].outcome is Taken.ERASED


def test_an_approval_without_a_preview_is_refused(plan):
    request = ask()
    with pytest.raises(ImpactChangedError, match="another request"):
        request_approve(request_id=request.pk, actor=RITA, digest="sha256:" + "0" * 64)
    assert len(left()) == 4


def test_the_preview_of_one_request_approves_no_other(plan):
    one, other = ask(), ask()
    with pytest.raises(ImpactChangedError):
        request_approve(request_id=other.pk, actor=RITA, digest=impact_of(one).digest)


def change_records(plan):
    subject = Subject.objects.get(external_id=ALICE)
    at = datetime(2023, 1, 1, tzinfo=UTC)
    Interaction.objects.create(
        subject=subject, item=Item.objects.get(external_id="i-1"), rating=1, occurred_at=at
    )


def change_rating(plan):
    Interaction.objects.filter(subject__external_id=ALICE, item__external_id="i-1").update(rating=1)


def change_shard(plan):
    subject = Subject.objects.get(external_id=ALICE)
    for rows in (subject.prompts, subject.places):
        rows.update(shard=1 - subject.prompts.first().shard)


def change_slice(plan):
    subject = Subject.objects.get(external_id=ALICE)
    subject.prompts.update(slice=1 - subject.prompts.first().slice)


def change_plan(plan):
    Plan.objects.filter(pk=plan.pk).update(digest="sha256:" + "9" * 64)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (change_records, "records"),
        (change_rating, "records"),
        (change_shard, "shards"),
        (change_slice, "shards"),
        (change_plan, "plan"),
    ],
)
def test_an_approval_is_refused_when_the_impact_has_changed_and_says_what(plan, change, named):
    request = ask()
    digest = impact_of(request).digest
    change(plan)
    with pytest.raises(ImpactChangedError, match=f": {named}\\."):
        request_approve(request_id=request.pk, actor=RITA, digest=digest)
    assert left()
    request.refresh_from_db()
    assert request.status is State.IN_REVIEW


def test_a_preview_says_nothing_of_the_person(plan):
    request = ask()
    impact_of(request)
    preview = request.previews.get()
    assert ALICE not in str(preview.parts)
    assert impact_of(ask()).digest != preview.digest


def test_a_part_is_erased_and_the_rest_is_refused_with_reasons(plan):
    request = approve(ask(), part=PART)

    assert request.outcome == Outcome.PARTIAL
    assert left() == {"i-0", "i-2", "i-3"}
    answer = Answer.objects.get(request=request)
    assert answer.article == "17(3)(e)"
    assert unseal(answer.text).decode() == "The rest is needed in court."


@pytest.mark.parametrize(
    "part",
    [
        Part(Scope(items=frozenset({"i-9"})), Refusal.LEGAL_CLAIMS, "Why."),
        Part(Scope(items=frozenset({"i-1", "i-2"})), Refusal.LEGAL_CLAIMS, "Why."),
        Part(Scope(items=frozenset({"i-1"})), Refusal.LEGAL_CLAIMS, " "),
    ],
)
def test_a_part_lies_within_what_was_asked_for_and_has_reasons(plan, part):
    request = ask(scope=Scope(items=frozenset({"i-1", "i-2"})))
    with pytest.raises(PartError):
        approve(request, part=part)
    assert len(left()) == 4


def test_nothing_is_approved_while_the_clock_is_paused(plan):
    request = ask()
    request_pause(request_id=request.pk, actor=RITA, kind=PauseKind.IDENTITY)
    with pytest.raises(PausedError):
        approve(request)


def test_two_persons_approve_where_that_is_asked_for(plan, settings):
    settings.FOUR_EYES = True
    request = ask()
    assert approve(request, actor=RITA).status is State.IN_REVIEW
    assert len(left()) == 4
    with pytest.raises(SecondPersonError):
        approve(request, actor=RITA)
    assert approve(request, actor=OTTO).status is not State.IN_REVIEW
    assert left() == set()


def test_an_endorsement_holds_for_just_that_impact(plan, settings):
    settings.FOUR_EYES = True
    request = ask()
    approve(request, actor=RITA)
    change_records(plan)
    assert approve(request, actor=OTTO).status is State.IN_REVIEW
    assert left()


def test_a_refusal_keeps_article_and_words_and_forgets_the_person(plan):
    request = ask(reachable=True)
    denied = request_deny(
        request_id=request.pk, actor=RITA, article=Refusal.LEGAL_CLAIMS, text="  In court.  "
    )
    assert denied.status is State.DENIED
    assert unseal(denied.answer.text).decode() == "In court."
    held = (denied.identity, denied.identity_index, denied.contact, denied.scope)
    assert held == (None, None, None, None)
    assert "court" not in str(list(request.events.values()))


def test_a_refusal_needs_words():
    request = ask()
    with pytest.raises(NoReasonError):
        request_deny(request_id=request.pk, actor=RITA, article=Refusal.LEGAL_CLAIMS, text="\n")
    request.refresh_from_db()
    assert request.status is State.IN_REVIEW


def test_the_clock_starts_where_the_request_was_made_first(at):
    from compliance.erasure.services.receiving import Origin

    at("2026-03-10T10:00")
    made = datetime(2026, 3, 5, 8, tzinfo=UTC)
    request = ask(origin=Origin(source="letter", submitted_at=made))
    assert str(request.due_on) == "2026-04-05"
    assert request.received_at - made > timedelta(days=4)


def test_an_open_request_of_the_same_subject_is_linked_and_blocks_nothing(plan):
    first, other, second = ask(checked=False), ask(subject="bob"), ask()
    assert (second.duplicate_of, ask(checked=False).duplicate_of) == (first, first)
    assert other.duplicate_of is None
    assert approve(second).erased_interactions == 4


def test_a_request_is_assigned_to_those_who_may_decide():
    request = ask()
    rita, anna = (User.objects.create_user(name) for name in ("rita", "anna"))
    rita.groups.add(Group.objects.get(name=REVIEWER))
    anna.groups.add(Group.objects.get(name=AUDITOR))
    assigned = request_assign(request_id=request.pk, actor=RITA, assignee=rita)
    assert assigned.assignee == rita
    with pytest.raises(AssigneeError):
        request_assign(request_id=request.pk, actor=RITA, assignee=anna)
    assert request_assign(request_id=request.pk, actor=RITA, assignee=None).assignee is None


def test_a_comment_stands_encrypted_and_the_history_says_only_that_there_is_one():
    request = ask()
    comment_add(request_id=request.pk, actor=RITA, text="She called on Monday.")
    comment = request.comments.get()
    assert unseal(comment.text).decode() == "She called on Monday."
    assert b"Monday" not in bytes(comment.text)
    assert "Monday" not in str(list(request.events.values()))
