"""Postgres keeps requests, events and certificates honest, whoever writes to them."""

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from compliance.erasure.models import Channel, ErasureEvent, ErasureRequest, Ground, Refusal
from compliance.erasure.parts import Part
from compliance.erasure.services import (
    request_cancel,
    request_confirm_identity,
    request_receive,
)
from compliance.erasure.states import TRANSITIONS, State
from compliance.records.models import Suppression
from compliance.records.scope import Scope
from tests import environment
from tests.approving import approve

pytestmark = pytest.mark.django_db


def receive() -> ErasureRequest:
    return request_receive(
        subject="somebody",
        channel=Channel.API,
        ground=Ground.CONSENT_WITHDRAWN,
        actor="client:1",
    )


def refused(statement: str, *parameters: object) -> str:
    """Run a statement as the application's role, expect a refusal, and return its message."""
    with (
        pytest.raises(DatabaseError) as caught,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement, parameters)
    return str(caught.value)


def test_tests_run_as_a_role_that_owns_no_table():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_user, count(*) FROM pg_tables WHERE tableowner = current_user"
        )
        assert cursor.fetchone() == ("lethe_app", 0)


@pytest.mark.parametrize("source", list(State))
@pytest.mark.parametrize("target", list(State))
def test_every_move_is_allowed_or_refused_as_the_table_says(source: State, target: State):
    request = receive()
    with environment.server.superuser() as superuser:
        # The guard's own function, asked directly: the row need not be walked there.
        body = superuser.execute(
            "SELECT pg_get_functiondef('erasure_erasurerequest_check_state'::regproc)"
        ).fetchone()[0]
    allowed = f"('{source.value}', '{target.value}')" in body
    assert allowed == (target in TRANSITIONS[source])
    assert request.status is State.AWAITING_IDENTITY


def test_a_raw_update_cannot_approve_an_unverified_request():
    request = receive()
    assert "cannot go from awaiting_identity to approved" in refused(
        "UPDATE erasure_erasurerequest SET state = 'approved', erased_interactions = 0"
        " WHERE id = %s",
        request.pk,
    )


def test_a_request_cannot_be_born_approved():
    message = refused(
        "INSERT INTO erasure_erasurerequest (id, state, channel, ground, received_at, due_on,"
        " subject_commitment, release_before, release_interim, release_after, erased_interactions)"
        " VALUES (gen_random_uuid(), 'approved', 'api', '17(1)(a)', now(), now(),"
        " '', '', '', '', 0)"
    )
    assert "starts as received" in message


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE erasure_erasureevent SET actor = 'user:9'",
        "DELETE FROM erasure_erasureevent",
        "DELETE FROM erasure_erasurerequest",
    ],
)
def test_events_and_requests_cannot_be_rewritten(statement: str):
    receive()
    assert "is refused" in refused(statement)
    assert ErasureEvent.objects.count() == 2


def test_an_answered_request_stays_as_it_is():
    request = receive()
    request_cancel(request_id=request.pk, actor="user:1")
    assert "it has been answered" in refused(
        "UPDATE erasure_erasurerequest SET due_on = due_on + 30 WHERE id = %s", request.pk
    )


@pytest.mark.parametrize(
    "change",
    [
        "scope_kind = 'items'",
        "scope = 'other records'",
        "identity = 'somebody else'",
        "identity_index = 'somebody else'",
        "received_at = received_at - interval '1 day'",
    ],
)
def test_whom_and_what_a_request_is_about_cannot_be_changed(change: str):
    request = receive()
    assert "is refused" in refused(
        f"UPDATE erasure_erasurerequest SET {change} WHERE id = %s", request.pk
    )


@pytest.mark.parametrize(
    "change",
    [
        "erased_interactions = 7",
        "proof_before = '{}'",
        "proof_before = NULL",
        "decided_at = decided_at - interval '1 day'",
        "verified_at = verified_at - interval '1 day'",
    ],
)
def test_what_an_approval_wrote_down_cannot_be_changed(change: str):
    request = receive()
    request_confirm_identity(request_id=request.pk, actor="user:1")
    approve(request)
    ErasureRequest.objects.filter(pk=request.pk).update(proof_before={"leaf": None})
    assert "is refused" in refused(
        f"UPDATE erasure_erasurerequest SET {change} WHERE id = %s", request.pk
    )


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM records_suppression",
        "UPDATE records_suppression SET until = until - interval '1 day'",
        "UPDATE records_suppression SET tag = 'another'",
        "UPDATE records_suppression SET part = 'an item'",
        "UPDATE records_suppression SET since = until",
    ],
)
def test_a_suppression_cannot_be_taken_back(statement: str):
    Suppression.objects.create(tag=b"x" * 32, until=timezone.now())
    assert "is refused" in refused(statement)


@pytest.mark.parametrize(
    "table",
    [
        "erasure_erasureevent",
        "erasure_erasurerequest",
        "evidence_certificate",
        "provenance_release",
    ],
)
def test_guarded_tables_cannot_be_truncated(table: str):
    assert "permission denied" in refused(f"TRUNCATE {table} CASCADE")


def test_the_owner_cannot_truncate_events_either(committed_db: None):
    import psycopg
    from django.conf import settings

    owner = settings.DATABASES["owner"]
    with (
        psycopg.connect(
            host=owner["HOST"] or owner["OPTIONS"].get("host"),
            port=owner["PORT"] or None,
            user=owner["USER"],
            dbname=owner["NAME"],
        ) as connection_,
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="only ever added"),
    ):
        connection_.execute("TRUNCATE erasure_erasureevent")


@pytest.mark.parametrize(
    "trick", ["SET session_replication_role = replica", "SET ROLE lethe_owner"]
)
def test_the_application_cannot_switch_the_guards_off(trick: str):
    assert "permission denied" in refused(trick)


@pytest.mark.parametrize(
    "trick",
    [
        "ALTER TABLE erasure_erasureevent DISABLE TRIGGER ALL",
        "DROP TRIGGER erasure_erasureevent_append_only ON erasure_erasureevent",
        "DROP TABLE erasure_erasureevent CASCADE",
    ],
)
def test_the_application_cannot_remove_the_guards(trick: str):
    assert "must be owner" in refused(trick)


def test_the_part_that_was_approved_cannot_be_replaced():
    request = receive()
    request_confirm_identity(request_id=request.pk, actor="user:1")
    part = Part(Scope(items=frozenset({"i-1"})), Refusal.LEGAL_CLAIMS, "In court.")
    approve(request, part=part)
    assert "is refused" in refused(
        "UPDATE erasure_erasurerequest SET decided_scope = 'another' WHERE id = %s", request.pk
    )
