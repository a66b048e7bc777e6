from datetime import UTC, date, datetime, timedelta, timezone
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.erasure.clock import days_left, due_on, paused_days

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [
    ZoneInfo(name) for name in ("UTC", "Europe/Berlin", "Pacific/Kiritimati", "Pacific/Pago_Pago")
]

VECTORS = [  # received, + 1 month, + 3 months
    ("2026-01-31", "2026-02-28", "2026-04-30"),
    ("2024-01-31", "2024-02-29", "2024-04-30"),
    ("2025-11-30", "2025-12-30", "2026-02-28"),
    ("2026-03-05", "2026-04-05", "2026-06-05"),
    ("2026-08-31", "2026-09-30", "2026-11-30"),
    ("2026-12-31", "2027-01-31", "2027-03-31"),
    ("2026-10-31", "2026-11-30", "2027-01-31"),
]

moments = st.datetimes(
    min_value=datetime(1990, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC)
)
zones = st.sampled_from(ZONES)
extended_due_on = partial(due_on, extended=True)


def noon(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T12:00:00").replace(tzinfo=BERLIN)


def months_between(start: date, end: date) -> int:
    return (end.year - start.year) * 12 + end.month - start.month


@pytest.mark.parametrize(("received", "due", "extended"), VECTORS)
def test_it_gives_the_reference_dates(received, due, extended):
    assert due_on(noon(received), BERLIN) == date.fromisoformat(due)
    assert extended_due_on(noon(received), BERLIN) == date.fromisoformat(extended)


def test_the_date_of_receipt_is_the_controllers_not_utc():
    received = datetime(2026, 1, 30, 23, 30, tzinfo=UTC)  # already the 31st in Berlin

    assert due_on(received, BERLIN) == date(2026, 2, 28)
    assert due_on(received, ZoneInfo("UTC")) == date(2026, 2, 28)
    assert extended_due_on(received, BERLIN) == date(2026, 4, 30)
    assert due_on(datetime(2026, 3, 4, 23, 30, tzinfo=UTC), BERLIN) == date(2026, 4, 5)
    assert due_on(datetime(2026, 3, 4, 23, 30, tzinfo=UTC), ZoneInfo("UTC")) == date(2026, 4, 4)


def test_summer_time_moves_the_edge_of_the_day():
    assert due_on(datetime(2026, 7, 1, 21, 59, tzinfo=UTC), BERLIN) == date(2026, 8, 1)
    assert due_on(datetime(2026, 7, 1, 22, 0, tzinfo=UTC), BERLIN) == date(2026, 8, 2)
    assert due_on(datetime(2026, 12, 1, 22, 0, tzinfo=UTC), BERLIN) == date(2027, 1, 1)


def test_a_weekend_does_not_move_the_date():
    assert due_on(noon("2026-03-05"), BERLIN).strftime("%A") == "Sunday"


@pytest.mark.parametrize("clock", [due_on, extended_due_on])
def test_it_refuses_a_receipt_without_a_time_zone(clock):
    with pytest.raises(ValueError, match="no time zone"):
        clock(datetime(2026, 1, 31, 12, 0), BERLIN)


@given(moments, zones, st.sampled_from([(due_on, 1), (extended_due_on, 3)]))
def test_it_is_that_many_calendar_months_later_on_the_same_or_the_last_day(moment, zone, case):
    clock, months = case
    start = moment.astimezone(zone).date()
    due = clock(moment, zone)

    assert months_between(start, due) == months
    clamped = due.day < start.day and (due + timedelta(days=1)).day == 1
    assert due.day == start.day or clamped


@given(moments, zones, st.integers(min_value=-14 * 60, max_value=14 * 60))
def test_it_depends_on_the_moment_not_on_the_zone_it_is_written_in(moment, zone, minutes):
    rewritten = moment.astimezone(timezone(timedelta(minutes=minutes)))

    assert due_on(rewritten, zone) == due_on(moment, zone)


@given(moments, moments, zones)
def test_a_later_receipt_is_never_due_earlier(one, other, zone):
    first, second = sorted((one, other))

    assert due_on(first, zone) <= due_on(second, zone)
    assert extended_due_on(first, zone) <= extended_due_on(second, zone)


@given(moments, zones)
def test_an_extension_never_shortens(moment, zone):
    assert 28 <= days_left(due_on(moment, zone), moment.astimezone(zone).date()) <= 31
    assert due_on(moment, zone) < extended_due_on(moment, zone)


def test_days_left_counts_down_through_zero():
    due = date(2026, 2, 28)

    assert days_left(due, date(2026, 2, 27)) == 1
    assert days_left(due, due) == 0
    assert days_left(due, date(2026, 3, 2)) == -2


@pytest.mark.parametrize(
    ("due", "today"),
    [(datetime(2026, 2, 28), date(2026, 2, 27)), (date(2026, 2, 28), datetime(2026, 2, 27))],
)
def test_days_left_refuses_datetimes(due, today):
    with pytest.raises(TypeError, match="dates"):
        days_left(due, today)


PAUSES = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 30)).map(lambda pair: (pair[0], sum(pair))),
    max_size=5,
)


def dates(start: date, pauses: list[tuple[int, int]]) -> list[tuple[date, date]]:
    return [(start + timedelta(days=a), start + timedelta(days=b)) for a, b in pauses]


def test_a_pause_moves_the_due_date_by_its_whole_days():
    pauses = [(date(2026, 2, 10), date(2026, 2, 15))]

    assert due_on(noon("2026-01-31"), BERLIN, pauses=pauses) == date(2026, 3, 5)
    assert due_on(noon("2026-01-31"), BERLIN) == date(2026, 2, 28)
    assert extended_due_on(noon("2026-01-31"), BERLIN, pauses=pauses) == date(2026, 5, 5)


def test_a_pause_that_ends_on_the_day_it_began_moves_nothing():
    pauses = [(date(2026, 2, 10), date(2026, 2, 10))]

    assert due_on(noon("2026-01-31"), BERLIN, pauses=pauses) == date(2026, 2, 28)


@given(moments, zones, PAUSES)
def test_paused_days_are_the_days_that_lie_in_a_pause(moment, zone, drawn):
    start = moment.astimezone(zone).date()
    days = {day for first, last in drawn for day in range(first, last)}

    assert paused_days(dates(start, drawn), since=start) == len(days)
    moved = due_on(moment, zone, pauses=dates(start, drawn))
    assert days_left(moved, due_on(moment, zone)) == len(days)


@given(moments, zones, PAUSES, st.randoms())
def test_the_order_of_pauses_does_not_matter(moment, zone, drawn, random):
    pauses = dates(moment.astimezone(zone).date(), drawn)
    shuffled = random.sample(pauses, len(pauses))

    assert due_on(moment, zone, pauses=shuffled) == due_on(moment, zone, pauses=pauses)


@pytest.mark.parametrize(
    ("pause", "fault"),
    [
        ((date(2026, 2, 15), date(2026, 2, 10)), "end before it begins"),
        ((date(2026, 1, 30), date(2026, 2, 10)), "before the receipt"),
    ],
)
def test_it_refuses_pauses_that_cannot_be(pause, fault):
    with pytest.raises(ValueError, match=fault):
        due_on(noon("2026-01-31"), BERLIN, pauses=[pause])
