import uuid
from copy import copy
from datetime import date

import pytest
from django.utils import timezone

from compliance.erasure.models import Pause, PauseKind
from compliance.erasure.services import request_pause, request_unpause, requests_expire
from compliance.erasure.services.timing import request_due_on
from compliance.erasure.states import State
from compliance.erasure.transitions import request_move
from tests.erasure.conftest import RITA, ask

pytestmark = pytest.mark.django_db


def state(request) -> State:
    request.refresh_from_db()
    return request.status


def test_a_request_whose_identity_is_never_proven_expires_before_a_month_is_over(at):
    at("2026-03-05T10:00")
    waiting, proven = ask(checked=False), ask()
    at("2026-04-01T09:59")
    assert requests_expire() == 0
    at("2026-04-01T10:01")
    assert requests_expire() == 1
    assert state(waiting) is State.EXPIRED
    assert state(proven) is State.IN_REVIEW
    assert waiting.identity is None
    assert waiting.events.last().actor == "system:clock"


def test_it_is_told_within_the_month_however_short_the_month_is(at):
    at("2026-01-31T10:00")
    waiting = ask(checked=False)
    at("2026-02-27T10:01")
    assert requests_expire() == 1
    assert waiting.due_on == date(2026, 2, 28)


def test_a_paused_request_does_not_expire(at):
    at("2026-03-05T10:00")
    waiting = ask(checked=False)
    request_pause(request_id=waiting.pk, actor=RITA, kind=PauseKind.IDENTITY)
    at("2026-05-05T10:00")
    assert requests_expire() == 0
    assert state(waiting) is State.AWAITING_IDENTITY


def test_the_days_of_a_pause_are_not_counted(at):
    at("2026-03-05T10:00")
    waiting = ask(checked=False)
    request_pause(request_id=waiting.pk, actor=RITA, kind=PauseKind.IDENTITY)
    at("2026-05-05T10:00")
    request_unpause(request_id=waiting.pk, actor=RITA)
    assert requests_expire() == 0
    at("2026-06-01T09:59")
    assert requests_expire() == 0
    at("2026-06-01T10:01")
    assert requests_expire() == 1


def test_one_that_cannot_be_ended_holds_up_no_other(at, caplog):
    at("2026-03-05T10:00")
    other, one = ask(checked=False), copy(ask(checked=False))
    one.pk, one.state, one.contact = uuid.UUID(int=0), "received", b"sealed under a lost key"
    one.save(force_insert=True)
    request_move(one, State.AWAITING_IDENTITY, actor=RITA)
    at("2026-04-05T10:00")
    assert requests_expire() == 2
    assert (state(one), state(other)) == (State.AWAITING_IDENTITY, State.EXPIRED)
    assert str(one.pk) in caplog.text


def test_a_pause_survives_a_change_of_the_time_zone(at):
    at("2026-03-05T23:30")
    waiting = ask(checked=False)
    first_day = {"started_on": date(2026, 3, 4), "ended_on": date(2026, 3, 8)}
    Pause.objects.create(request=waiting, kind=PauseKind.IDENTITY, **first_day)
    assert request_due_on(waiting) == date(2026, 4, 8)


def test_a_pause_that_began_tomorrow_in_another_time_zone_can_end(at, settings):
    at("2026-03-06T00:30")
    waiting = ask()
    request_pause(request_id=waiting.pk, actor=RITA, kind=PauseKind.CLARIFICATION)
    settings.TIME_ZONE = "America/New_York"
    timezone.get_default_timezone.cache_clear()
    assert timezone.localdate() == date(2026, 3, 5)
    request_unpause(request_id=waiting.pk, actor=RITA)
    pause = waiting.pauses.get()
    assert (pause.started_on, pause.ended_on) == (date(2026, 3, 6), date(2026, 3, 6))
