from datetime import date

import pytest

from compliance.erasure.errors import ClockError
from compliance.erasure.models import ErasureRequest, PauseKind, Refusal
from compliance.erasure.services import (
    extension_confirm,
    request_cancel,
    request_confirm_identity,
    request_deny,
    request_extend,
    request_pause,
    request_unpause,
)
from compliance.erasure.states import IllegalTransitionError
from compliance.sealing import unseal
from tests.erasure.conftest import RITA, ask

pytestmark = pytest.mark.django_db


def extend(request, *, reasons="Many requests at once.", told=True):
    return request_extend(request_id=request.pk, actor=RITA, reasons=reasons, told=told)


def steps(request) -> list[str]:
    return list(request.events.values_list("step", flat=True))


def test_an_extension_that_was_told_gives_three_months_from_receipt(at):
    at("2026-01-31T10:00")
    request = ask()
    extended = extend(request)

    assert extended.due_on == date(2026, 4, 30)
    assert unseal(extended.extension.reasons).decode() == "Many requests at once."
    assert "Many" not in str(list(request.events.values()))
    assert steps(request)[-2:] == ["extension_asked", "extended"]


def test_an_extension_that_is_told_by_mail_is_not_in_force_before(at):
    at("2026-01-31T10:00")
    request = ask(reachable=True)
    assert extend(request, told=False).due_on == date(2026, 2, 28)
    at("2026-02-28T23:00")
    assert extension_confirm(request_id=request.pk, actor="system:notices").due_on == date(
        2026, 4, 30
    )


def test_told_after_the_due_date_it_is_never_in_force(at):
    at("2026-01-31T10:00")
    request = ask(reachable=True)
    extend(request, told=False)
    at("2026-03-01T00:01")
    late = extension_confirm(request_id=request.pk, actor="system:notices")

    assert late.due_on == date(2026, 2, 28)
    assert steps(request)[-1] == "extension_late"
    assert request.extension.in_force_at is None


def test_confirming_twice_changes_nothing(at):
    at("2026-01-31T10:00")
    request = ask()
    extend(request)
    count = request.events.count()
    extension_confirm(request_id=request.pk, actor=RITA)

    assert request.events.count() == count


@pytest.mark.parametrize(
    ("now", "allowed"), [("2026-02-28T23:59", True), ("2026-03-01T00:01", False)]
)
def test_it_is_possible_on_the_due_day_and_not_after(at, now, allowed):
    at("2026-01-31T10:00")
    request = ask()
    at(now)
    if allowed:
        assert extend(request).due_on == date(2026, 4, 30)
    else:
        with pytest.raises(ClockError, match="has passed"):
            extend(request)


def test_it_is_possible_once(at):
    request = ask()
    extend(request)
    with pytest.raises(ClockError, match="once"):
        extend(request)


def test_it_needs_reasons_and_somebody_who_is_told():
    with pytest.raises(ClockError, match="reasons"):
        extend(ask(), reasons="  ")
    with pytest.raises(ClockError, match="no mail address"):
        extend(ask(), told=False)


def test_an_answered_request_is_not_extended():
    request = ask()
    request_deny(request_id=request.pk, actor=RITA, article=Refusal.EXCESSIVE, text="Why.")
    with pytest.raises(IllegalTransitionError):
        extend(request)


def test_a_pause_moves_the_due_date_by_its_whole_days(at):
    at("2026-01-31T10:00")
    request = ask()
    at("2026-02-10T23:30")
    paused = request_pause(request_id=request.pk, actor=RITA, kind=PauseKind.IDENTITY)
    assert paused.days_left() == 18
    at("2026-02-15T00:30")
    assert paused.days_left() == 18
    running = request_unpause(request_id=request.pk, actor=RITA)

    assert running.due_on == date(2026, 3, 5)
    assert running.days_left() == 18


def test_an_extension_in_a_pause_keeps_both(at):
    at("2026-01-31T10:00")
    request = ask()
    at("2026-02-10T12:00")
    request_pause(request_id=request.pk, actor=RITA, kind=PauseKind.CLARIFICATION)
    at("2026-02-12T12:00")
    extend(request)
    at("2026-02-15T12:00")
    assert request_unpause(request_id=request.pk, actor=RITA).due_on == date(2026, 5, 5)


def test_pauses_neither_nest_nor_end_twice():
    request = ask()
    with pytest.raises(ClockError, match="runs already"):
        request_unpause(request_id=request.pk, actor=RITA)
    request_pause(request_id=request.pk, actor=RITA, kind=PauseKind.IDENTITY)
    with pytest.raises(ClockError, match="paused already"):
        request_pause(request_id=request.pk, actor=RITA, kind=PauseKind.IDENTITY)


def test_an_overdue_clock_cannot_be_paused(at):
    at("2026-01-31T10:00")
    request = ask()
    at("2026-03-02T10:00")
    with pytest.raises(ClockError, match="has passed"):
        request_pause(request_id=request.pk, actor=RITA, kind=PauseKind.IDENTITY)


@pytest.mark.parametrize(
    ("kind", "stands"), [(PauseKind.IDENTITY, False), (PauseKind.CLARIFICATION, True)]
)
def test_a_pause_for_the_identity_ends_when_it_is_shown(at, kind, stands):
    at("2026-01-31T10:00")
    request = ask(checked=False)
    at("2026-02-10T09:00")
    request_pause(request_id=request.pk, actor=RITA, kind=kind)
    at("2026-02-15T18:00")
    shown = request_confirm_identity(request_id=request.pk, actor=RITA)

    assert (shown.paused_on is not None) == stands
    assert ("unpaused" in steps(request)) != stands
    at("2026-03-01T10:00")
    assert (shown.due() == date(2026, 3, 5)) != stands


def test_ending_a_request_ends_its_pause(at):
    at("2026-01-31T10:00")
    request = ask()
    at("2026-02-10T10:00")
    request_pause(request_id=request.pk, actor=RITA, kind=PauseKind.IDENTITY)
    at("2026-02-12T10:00")
    request_cancel(request_id=request.pk, actor=RITA)
    request.refresh_from_db()

    assert request.pauses.get().ended_on == date(2026, 2, 12)
    assert request.due_on == date(2026, 3, 2)


def test_a_clock_that_is_paused_on_its_last_day_is_never_overdue(at):
    at("2026-03-05T10:00")
    request = ask()
    at("2026-04-05T10:00")
    request_pause(request_id=request.pk, actor=RITA, kind=PauseKind.CLARIFICATION)
    request.refresh_from_db()
    assert request.days_left(date(2026, 6, 1)) == 0
    assert not ErasureRequest.objects.overdue(date(2026, 6, 1)).exists()
