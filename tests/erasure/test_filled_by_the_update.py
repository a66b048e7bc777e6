"""Requests from before the update say what had shown the identity, and what was erased."""

from dataclasses import replace
from importlib import import_module
from uuid import UUID, uuid4

import pytest

from compliance.erasure.filing import Filing, request_file
from compliance.erasure.models import Channel, ErasureRequest, Ground, IdentityMethod, Outcome
from compliance.erasure.services import request_confirm_identity
from compliance.erasure.services.receiving import request_receive
from tests import environment
from tests.approving import approve
from tests.erasure.conftest import ALICE, RITA, ask

FILL = import_module("compliance.erasure.migrations.0023_since_the_update").FILL
FORGET = "UPDATE erasure_erasurerequest SET identity_method = '', outcome = ''"
FILED = Filing(ALICE, Ground.OBJECTION, Channel.API, identity=IdentityMethod.ASSERTED)


@pytest.fixture(autouse=True)
def _committed(committed_db: None):
    """The update is the owner's, on a connection of its own."""


def update() -> None:
    """Put the rows back to what they were before the columns, and update as the owner would."""
    with environment.server.superuser() as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(FORGET)
        connection.execute("SET session_replication_role = origin")
        with connection.transaction():
            connection.execute(FILL)


def method(request_id: UUID) -> str:
    return ErasureRequest.objects.get(pk=request_id).identity_method


def test_a_call_that_is_repeated_after_the_update_makes_no_conflict():
    request, _ = request_file(FILED, request_id=uuid4(), actor="client:1")
    update()
    assert request_file(FILED, request_id=request.pk, actor="client:1") == (request, False)


def test_nor_does_one_whose_request_was_answered_before():
    request, _ = request_file(FILED, request_id=uuid4(), actor="client:1")
    approve(request)
    update()
    assert request_file(FILED, request_id=request.pk, actor="client:1") == (request, False)


def test_what_a_reviewer_had_checked_is_told_from_what_a_client_vouched_for():
    later = ask(checked=False)
    request_confirm_identity(request_id=later.pk, actor=RITA)
    in_admin = request_receive(
        subject=ALICE,
        channel=Channel.ADMIN,
        ground=Ground.OBJECTION,
        actor=RITA,
        identity=IdentityMethod.REVIEWER,
    )
    update()
    assert method(later.pk) == method(in_admin.pk) == IdentityMethod.REVIEWER
    unasserted = replace(FILED, ground=Ground.CONSENT_WITHDRAWN, identity=None)
    assert request_file(unasserted, request_id=later.pk, actor="client:1") == (later, False)


def test_whose_identity_nobody_has_shown_stays_unproven():
    request = ask(checked=False)
    update()
    assert method(request.pk) == ""


def test_what_was_erased_was_all_that_was_asked_for_and_what_was_not_says_nothing():
    erased, open_ = ask(), ask(subject="bob")
    approve(erased)
    update()
    outcomes = dict(ErasureRequest.objects.values_list("pk", "outcome"))
    assert outcomes == {erased.pk: Outcome.FULL, open_.pk: ""}


def test_the_guards_stand_again_afterwards():
    update()
    with environment.server.superuser() as connection:
        found = connection.execute(
            "SELECT count(*) FILTER (WHERE tgenabled = 'D'), count(*) FROM pg_trigger"
            " WHERE tgrelid = 'erasure_erasurerequest'::regclass AND NOT tgisinternal"
        ).fetchone()
    assert found[0] == 0 < found[1]
