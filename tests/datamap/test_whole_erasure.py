"""After a whole erasure nothing of the person is left but what the map says may stay."""

import pytest
from django.core import mail

from compliance.accounts.throttling import throttle_clear, throttle_hit
from compliance.datamap.residue import residue_of
from compliance.erasure.models import ErasureRequest, IdentityMethod
from compliance.erasure.proving import code_check, code_send
from compliance.erasure.services import comment_add
from compliance.erasure.states import State
from compliance.jobs.models import Job, Queue
from compliance.portal.pages import PER_SUBJECT
from compliance.provenance.models import SubjectLeaf
from compliance.records.models import ParkedInteraction, Subject
from compliance.sealing import seal
from tests.approving import approve
from tests.erasure.conftest import ask
from tests.exactness.test_restriction import PEOPLE, PLAIN
from tests.exactness.world import START, build, finish, send, work_on

DORA, ADDRESS = "dora-4711@shop.example", "dora@example.org"
STAYS = {
    ("erasure_erasurerequest.proof_after", "its position in trees"),
    ("erasure_erasurerequest.proof_before", "its position in trees"),
    ("evidence_certificate.envelope", "its commitment"),
    ("evidence_certificate.envelope", "its position in trees"),
    ("records_suppression.tag", "its suppression tag"),
}


def found(identifier: str, *, expected: bool = True) -> dict[str, str]:
    """Where what form of an identifier is, as far as it may be there, or may not."""
    residue, unread = residue_of(identifier)
    assert unread == []
    return {
        f"{one.table}.{one.column}": one.form for one in residue if one.verdict.expected is expected
    }


def deliver() -> None:
    """Send what waits."""
    while work_on(Queue.NOTIFY):
        pass


@pytest.fixture
def dora(world: None) -> ErasureRequest:
    """Dora's records are learned from; she asks by the portal and shows who she is by a code."""
    others = {name: records for name, records in PEOPLE.items() if name != "dora"}
    build(PLAIN, {**others, DORA: PEOPLE["dora"]})
    Subject.objects.filter(external_id=DORA).update(contact=seal(ADDRESS))
    throttle_hit(PER_SUBJECT, DORA, limit=5, seconds=600)
    request = ask(subject=DORA, checked=False)
    code = code_send(request_id=request.pk, actor="subject:")
    assert code
    assert code_check(request_id=request.pk, code=code, actor="subject:")
    comment_add(request_id=request.pk, actor="user:1", text="Nothing stands against it.")
    return request


def test_while_the_request_is_open_she_is_found_all_over(dora: ErasureRequest):
    places = found(DORA)
    assert {
        "records_subject.external_id",
        "provenance_subjectleaf.position",
        "erasure_erasurerequest.identity",
        "records_restriction.tag",
        "accounts_throttle.key",
    } <= set(places)
    assert found(DORA, expected=False) == {}
    assert "jobs_outboxmessage.payload" in found(ADDRESS), "The notices wait."


def test_a_whole_erasure_leaves_what_the_map_says_and_nothing_else(dora: ErasureRequest):
    send(DORA, {("fig", 999): "4.00"})
    assert "records_parkedinteraction.content" not in found(DORA), "The record names nobody."
    assert ParkedInteraction.objects.count() == 1
    approve(dora)
    finish()
    deliver()
    throttle_clear(PER_SUBJECT, DORA)  # her day is over
    dora.refresh_from_db()
    assert dora.status is State.COMPLETED
    assert dora.identity_method == IdentityMethod.CODE
    assert any(ADDRESS in each.to for each in mail.outbox)

    residue, unread = residue_of(DORA)
    assert unread == []
    assert {(f"{one.table}.{one.column}", one.form) for one in residue} == STAYS
    assert all(one.verdict.expected for one in residue)
    assert not ParkedInteraction.objects.exists()
    assert not SubjectLeaf.objects.filter(subject__external_id=DORA).exists()
    assert residue_of(ADDRESS) == ([], [])


def test_what_an_erasure_forgets_to_remove_is_found(dora: ErasureRequest):
    approve(dora)
    finish()
    deliver()
    Subject.objects.create(external_id=DORA)
    Subject.objects.update(created_at=START)
    Job.objects.update(progress_note=DORA)
    assert set(found(DORA, expected=False)) == {
        "jobs_job.progress_note",
        "records_subject.external_id",
    }
