"""Two at once: one wins, the other is told, nothing is lost, done twice or half done.

`LETHE_RACES=1000` runs that many; the last line of `python -m tests.races` counts them.
"""

import os
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from threading import Event

import pytest

from compliance.erasure.filing import Filing, OtherRequestError, request_file
from compliance.erasure.models import (
    Channel,
    ErasureRequest,
    Ground,
    IdentityMethod,
    Refusal,
)
from compliance.erasure.proving import code_check, code_send
from compliance.erasure.services import (
    request_approve,
    request_cancel,
    request_deny,
    request_expire,
    request_receive,
)
from compliance.erasure.states import ERASED_STATES, IllegalTransitionError, State
from compliance.records.contacts import Contact, ContactRow, contact_of, contacts_put
from compliance.records.intake import Interacted, Outcome, Taken, interactions_take
from compliance.records.models import ParkedInteraction, Restriction
from tests.races.race import after, held, race
from tests.races.world import (
    RECORDS,
    START,
    World,
    check_history,
    digest_of,
    make_world,
    records_of,
)

RACES = int(os.environ.get("LETHE_RACES", "40"))
ran = 0


@pytest.fixture
def world(committed_db: None) -> Iterator[World]:
    return make_world(RACES)


def approve(request: ErasureRequest, digest: str, actor: str = "user:1") -> Callable[[], object]:
    return lambda: request_approve(request_id=request.pk, actor=actor, digest=digest)


def deny(request: ErasureRequest, *, told: bool = False) -> Callable[[], object]:
    return lambda: request_deny(
        request_id=request.pk,
        actor="user:2",
        article=Refusal.LEGAL_CLAIMS,
        text="In court.",
        told=told,
    )


def cancel(request: ErasureRequest) -> Callable[[], object]:
    return lambda: request_cancel(request_id=request.pk, actor="subject:")


def share(part: int, parts: int = 7) -> range:
    """Return the numbers of the races that belong to one of several tests."""
    return range(part, RACES, parts)


def counted(numbers: range) -> Iterator[int]:
    global ran
    for number in numbers:
        yield number
        ran += 1


def one_wins(world: World, other: Callable[[ErasureRequest], Callable[[], object]]) -> None:
    subject, request = world.ask()
    digest = digest_of(request)
    first, second = race(approve(request, digest), other(request))
    assert first.won != second.won, (first.error, second.error)
    assert isinstance(first.error or second.error, IllegalTransitionError)
    ended = check_history(request.pk)
    assert (ended.status in ERASED_STATES) == first.won
    assert records_of(subject) == (0 if first.won else RECORDS)


def test_approve_against_deny(world):
    for _ in counted(share(0)):
        one_wins(world, deny)


def test_cancel_against_approve(world):
    for _ in counted(share(1)):
        one_wins(world, cancel)


def test_two_approvals_erase_once(world):
    for _ in counted(share(2)):
        subject, request = world.ask()
        digest = digest_of(request)
        sides = race(approve(request, digest), approve(request, digest, "user:2"))
        assert [side.won for side in sides].count(True) == 1
        ended = check_history(request.pk)
        assert ended.erased_interactions == RECORDS
        assert records_of(subject) == 0


def test_double_intake_makes_one_request(world):
    for number in counted(share(3)):
        subject, request_id = next(world.names), uuid.uuid4()
        filing = Filing(subject, Ground.CONSENT_WITHDRAWN, Channel.API)
        same = number % 2 == 0
        other = filing if same else Filing(subject, Ground.OBJECTION, Channel.API)
        sides = race(
            lambda: request_file(filing, request_id=request_id, actor="client:1"),  # noqa: B023
            lambda: request_file(other, request_id=request_id, actor="client:1"),  # noqa: B023
        )
        created = [side.result[1] for side in sides if side.won]
        assert created.count(True) == 1
        assert len(created) == (2 if same else 1), [side.error for side in sides]
        if not same:
            assert any(isinstance(side.error, OtherRequestError) for side in sides)
        check_history(request_id)


def test_the_proof_of_identity_against_the_end(world):
    for number in counted(share(4)):
        _, request = world.ask(checked=False)
        code = code_send(request_id=request.pk, actor="subject:")
        assert code
        end = cancel(request) if number % 2 else lambda: request_expire(request_id=request.pk)  # noqa: B023
        check, ended = race(
            lambda: code_check(request_id=request.pk, code=code, actor="subject:"),  # noqa: B023
            end,
        )
        final = check_history(request.pk)
        if number % 2:  # a request in review can still be taken back
            assert ended.won
            assert final.status is State.CANCELLED
        else:
            assert check.won != ended.won
            assert final.status is (State.IN_REVIEW if check.won else State.EXPIRED)


def send(subject: str) -> Callable[[], list[Taken]]:
    """What a shop sends while somebody decides: two new reactions, of long before."""
    rows = [
        Interacted(subject, f"i-{RECORDS + new}", Decimal(4), START + timedelta(days=new))
        for new in range(2)
    ]
    return lambda: interactions_take(rows)


def test_new_interactions_against_an_approval(world):
    for _ in counted(share(5)):
        subject, request = world.ask()
        approval, sent = race(approve(request, digest_of(request)), send(subject))
        assert approval.won, approval.error
        assert sent.won, sent.error
        assert {taken.outcome for taken in sent.result} <= {Outcome.PARKED, Outcome.ERASED}
        check_history(request.pk)
        assert records_of(subject) == 0
        assert not ParkedInteraction.objects.exists()


def test_new_interactions_against_a_denial_are_not_lost(world):
    for _ in counted(share(6)):
        subject, request = world.ask()
        denial, sent = race(deny(request, told=True), send(subject))
        assert denial.won, denial.error
        assert sent.won, sent.error
        check_history(request.pk)
        assert records_of(subject) == RECORDS + 2
        assert not Restriction.objects.exists()


def test_a_linked_request_and_the_approval_of_the_first_wait_for_no_circle(world: World) -> None:
    """Broken by a lock on the first request that keeps others from naming it at their commit."""
    subject, first = world.ask()
    begun = Event()
    both = race(held(lambda: file(subject), begun), after(begun, approve(first, digest_of(first))))
    assert [one.error for one in both] == [None, None]
    assert ErasureRequest.objects.get(duplicate_of=first).status is State.IN_REVIEW
    check_history(first.pk)


def test_addresses_beside_interactions_wait_for_no_circle(world: World) -> None:
    """Broken by a lock on a subject that keeps its new records from being committed."""
    known, begun = next(world.names), Event()
    rows = [Interacted(name, "i-4", Decimal(4), START) for name in (known, "z-new")]
    contacts = [ContactRow(name, f"{name}@example.com", "en") for name in (known, "z-new")]
    taking = held(lambda: interactions_take(rows), begun)
    both = race(taking, after(begun, lambda: contacts_put(contacts)))
    assert [one.error for one in both] == [None, None]
    assert [one.outcome for one in interactions_take(rows)] == [Outcome.UNCHANGED] * 2
    assert contact_of("z-new") == Contact("z-new@example.com", "en")


def file(subject: str) -> None:
    request_receive(
        subject=subject,
        channel=Channel.API,
        ground=Ground.CONSENT_WITHDRAWN,
        actor="client:1",
        identity=IdentityMethod.ASSERTED,
    )
