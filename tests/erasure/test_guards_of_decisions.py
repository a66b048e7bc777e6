"""Postgres keeps what a decision rests on and what only a decision says, whoever writes."""

import pytest
from django.db import connection

from compliance.erasure.models import ErasureRequest, Outcome, PauseKind, Refusal
from compliance.erasure.parts import Part
from compliance.erasure.services import (
    comment_add,
    request_cancel,
    request_confirm_identity,
    request_deny,
    request_extend,
    request_pause,
    request_unpause,
)
from compliance.records.models import Restriction
from compliance.records.scope import Scope
from tests.approving import approve
from tests.erasure.conftest import OTTO, RITA, ask
from tests.erasure.test_guards import refused

pytestmark = pytest.mark.django_db
PART = Part(Scope(items=frozenset({"i-1"})), Refusal.LEGAL_CLAIMS, "In court.")


@pytest.fixture
def endorsed(settings) -> ErasureRequest:
    settings.FOUR_EYES = True
    return approve(ask(), actor=RITA, part=PART)


def run(statement: str, *parameters: object) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)


def at_commit() -> None:
    """Check now what is otherwise checked at the commit."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")


@pytest.mark.parametrize(
    "change",
    ["digest = 'another'", "answer = 'another'", "actor = 'user:2'", "part = 'another'"],
)
def test_what_was_endorsed_cannot_be_changed(endorsed, change):
    assert "is refused" in refused(f"UPDATE erasure_endorsement SET {change}")


def test_the_words_of_an_endorsement_can_be_cleared_and_not_put_back(endorsed):
    assert run("UPDATE erasure_endorsement SET part = NULL") == 1
    assert "is refused" in refused("UPDATE erasure_endorsement SET part = 'another'")


@pytest.mark.parametrize("change", ["digest = 'another'", "parts = '{}'", "shown_at = now()"])
def test_what_was_previewed_cannot_be_changed(endorsed, change):
    assert "is refused" in refused(f"UPDATE erasure_preview SET {change}")


@pytest.mark.parametrize("table", ["erasure_preview", "erasure_endorsement"])
def test_what_a_decision_rests_on_goes_only_after_the_request_has_ended(endorsed, table):
    assert "needed yet" in refused(f"DELETE FROM {table}")
    approve(endorsed, actor=OTTO, part=PART)
    assert "needed yet" in refused(f"DELETE FROM {table}"), "It is retrained yet, or certified."


def test_what_an_ended_request_was_decided_on_can_go(endorsed):
    request_cancel(request_id=endorsed.pk, actor=RITA)
    assert run("DELETE FROM erasure_preview") == run("DELETE FROM erasure_endorsement") == 1


def test_the_number_of_a_comment_stays():
    comment_add(request_id=ask().pk, actor=RITA, text="She called.")
    assert "is refused" in refused("UPDATE erasure_comment SET number = gen_random_uuid()")


@pytest.mark.parametrize(
    "change",
    [
        "outcome = 'full'",
        "erased_interactions = 3",
        "decided_scope = 'another'",
        "decided_at = now()",
    ],
)
def test_nothing_says_what_was_decided_before_the_decision(change):
    request = ask()
    assert "only the decision says so" in refused(
        f"UPDATE erasure_erasurerequest SET {change} WHERE id = %s", request.pk
    )


def test_an_outcome_is_not_told_otherwise_afterwards():
    request = approve(ask())
    for outcome in (Outcome.PARTIAL.value, ""):
        assert "only the decision says so" in refused(
            "UPDATE erasure_erasurerequest SET outcome = %s WHERE id = %s", outcome, request.pk
        )


def test_a_refusal_has_no_outcome():
    request = ask()
    assert "only the decision says so" in refused(
        "UPDATE erasure_erasurerequest SET state = 'denied', outcome = 'full' WHERE id = %s",
        request.pk,
    )


@pytest.mark.parametrize("checked", [True, False])
def test_a_refusal_says_when(checked):
    denied = request_deny(
        request_id=ask(checked=checked).pk, actor=RITA, article=Refusal.LEGAL_CLAIMS, text="No."
    )
    assert denied.decided_at is not None


def test_the_due_date_of_a_decided_request_stands():
    request = approve(ask())
    assert "the clock of a decided request stands" in refused(
        "UPDATE erasure_erasurerequest SET due_on = due_on + 30 WHERE id = %s", request.pk
    )


def test_the_clock_of_an_undecided_request_moves():
    request = ask(checked=False)
    before = request.due_on
    request_extend(request_id=request.pk, actor=RITA, reasons="Many.", told=True)
    request_pause(request_id=request.pk, actor=RITA, kind=PauseKind.IDENTITY)
    request_unpause(request_id=request.pk, actor=RITA)
    request_confirm_identity(request_id=request.pk, actor=RITA)
    request.refresh_from_db()
    assert request.due_on > before


def test_a_request_in_review_rests():
    request = ask()
    statement = "DELETE FROM records_restriction; SET CONSTRAINTS ALL IMMEDIATE"
    assert "its request is in review" in refused(statement)
    assert Restriction.objects.filter(request_id=request.pk).exists()


def test_what_rests_is_let_go_by_the_decision_in_the_same_transaction():
    approve(ask())
    request_cancel(request_id=ask(subject="bob").pk, actor=RITA, told=True)
    at_commit()
    assert not Restriction.objects.exists()


def test_of_two_restrictions_only_that_of_the_ended_request_goes():
    ended, other = ask(reachable=True), ask(reachable=True)
    request_deny(request_id=ended.pk, actor=RITA, article=Refusal.LEGAL_CLAIMS, text="No.")
    assert run("DELETE FROM records_restriction WHERE request_id = %s", ended.pk) == 1
    at_commit()
    assert Restriction.objects.get().request_id == other.pk
