"""A restriction of an ended request ends when the person has been told, not before: 18(3)."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import transaction

from compliance.erasure.identity import IdentityGoneError
from compliance.erasure.models import ErasureRequest, Refusal, Step
from compliance.erasure.services import (
    identity_show,
    person_told,
    request_cancel,
    request_deny,
    request_expire,
    request_withdraw,
)
from compliance.erasure.services.ending import NotEndedError
from compliance.jobs.models import OutboxMessage
from compliance.jobs.outbox import delivery_tell, message_mark_delivered
from compliance.records.intake import Interacted, interactions_take
from compliance.records.models import Interaction, Item, ParkedInteraction, Restriction
from tests.approving import approve
from tests.erasure.conftest import ALICE, OTTO, RITA, ask
from tests.races.race import race

End = Callable[..., ErasureRequest]


def deny(request: ErasureRequest, *, told: bool = False) -> ErasureRequest:
    return request_deny(
        request_id=request.pk, actor=RITA, article=Refusal.LEGAL_CLAIMS, text="No.", told=told
    )


def cancel(request: ErasureRequest, *, told: bool = False) -> ErasureRequest:
    return request_cancel(request_id=request.pk, actor=RITA, told=told)


each_end = pytest.mark.parametrize("end", [deny, cancel])


def told_steps(request: ErasureRequest) -> list[tuple[str, str]]:
    """Who was told when: the steps after the request had ended."""
    after = request.events.exclude(step=Step.MOVED).order_by("pk")
    return list(after.values_list("step", "actor"))


def is_restricted(request: ErasureRequest) -> bool:
    return Restriction.objects.filter(request_id=request.pk).exists()


@pytest.mark.django_db
@each_end
def test_where_nobody_was_told_the_restriction_stands(end: End):
    request = end(ask())
    assert is_restricted(request)
    assert told_steps(request) == []
    assert list(ErasureRequest.objects.untold()) == [request]


@pytest.mark.django_db
@each_end
def test_who_says_that_the_person_was_told_ends_it_and_no_mail_is_sent(end: End):
    request = end(ask(reachable=True), told=True)
    assert not is_restricted(request)
    assert told_steps(request) == [(Step.PERSON_TOLD, RITA), (Step.RESTRICTION_LIFTED, RITA)]
    ends = OutboxMessage.objects.filter(topic__in=["erasure.denied", "erasure.cancelled"])
    assert not ends.exists()
    assert not ErasureRequest.objects.untold().exists()


@pytest.mark.django_db
@pytest.mark.parametrize("reachable", [True, False])
@each_end
def test_it_can_be_said_later_and_once(end: End, reachable: bool):
    request = end(ask(reachable=reachable))
    person_told(request_id=request.pk, actor=OTTO)
    person_told(request_id=request.pk, actor=RITA)
    assert told_steps(request) == [(Step.PERSON_TOLD, OTTO), (Step.RESTRICTION_LIFTED, OTTO)]
    assert not is_restricted(request)


@pytest.mark.django_db
def test_nobody_is_told_of_an_end_that_there_was_not():
    with pytest.raises(NotEndedError, match="ended without an erasure"):
        person_told(request_id=ask().pk, actor=RITA)
    with pytest.raises(NotEndedError):
        person_told(request_id=approve(ask(subject="bob")).pk, actor=RITA)
    assert Restriction.objects.count() == 1


@pytest.mark.django_db
def test_where_nothing_was_restricted_nothing_is_noted():
    request = request_expire(request_id=ask(checked=False).pk)
    person_told(request_id=request.pk, actor=RITA)
    assert told_steps(request) == []


@pytest.mark.django_db
@pytest.mark.parametrize("reachable", [True, False])
def test_who_takes_it_back_itself_knows_it_and_gets_a_mail_that_confirms_it(reachable: bool):
    request = request_withdraw(request_id=ask(reachable=reachable).pk, actor="subject:")
    assert not is_restricted(request)
    assert told_steps(request) == [(Step.RESTRICTION_LIFTED, "subject:")]
    assert OutboxMessage.objects.filter(topic="erasure.cancelled").exists() is reachable


@pytest.mark.django_db
def test_what_came_in_meanwhile_waits_until_the_person_is_told():
    Item.objects.create(external_id="film", title="Film")
    request = ask()
    deny(request)
    at = datetime(2024, 1, 1, tzinfo=UTC)
    interactions_take([Interacted(ALICE, "film", Decimal(4), at)])
    assert (Interaction.objects.count(), ParkedInteraction.objects.count()) == (0, 1)
    person_told(request_id=request.pk, actor=RITA)
    assert (Interaction.objects.count(), ParkedInteraction.objects.count()) == (1, 0)


@pytest.mark.django_db
def test_whom_to_tell_can_be_seen_until_the_person_is_told():
    request = deny(ask())
    assert identity_show(request_id=request.pk, actor=RITA) == ALICE
    assert told_steps(request) == [(Step.IDENTITY_SHOWN, RITA)]
    person_told(request_id=request.pk, actor=RITA)
    with pytest.raises(IdentityGoneError):
        identity_show(request_id=request.pk, actor=RITA)


@transaction.atomic
def deliver(message: OutboxMessage) -> None:
    message_mark_delivered(message, status=None)
    delivery_tell(message_id=message.pk)


@pytest.mark.usefixtures("committed_db")
@pytest.mark.parametrize("number", range(5))
def test_the_delivery_and_two_who_say_it_at_once_lift_it_once(number: int):
    request = ask(reachable=True)
    deny(request)
    message = OutboxMessage.objects.get(topic="erasure.denied")
    sides = race(
        lambda: deliver(message),
        lambda: person_told(request_id=request.pk, actor=RITA),
        lambda: person_told(request_id=request.pk, actor=OTTO),
    )
    assert [side.error for side in sides] == [None] * 3
    noted = [step for step, _ in told_steps(request)]
    assert noted.count(Step.RESTRICTION_LIFTED) == 1
    assert noted.count(Step.PERSON_TOLD) <= 1
    assert not is_restricted(request)


@pytest.mark.usefixtures("committed_db")
@pytest.mark.parametrize("number", range(5))
def test_two_who_say_it_at_once_note_it_once(number: int):
    request = deny(ask())
    sides = race(
        lambda: person_told(request_id=request.pk, actor=RITA),
        lambda: person_told(request_id=request.pk, actor=OTTO),
    )
    assert [side.error for side in sides] == [None] * 2
    assert [step for step, _ in told_steps(request)] == [Step.PERSON_TOLD, Step.RESTRICTION_LIFTED]
