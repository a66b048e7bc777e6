"""Months of the controller, and the periods that reports are over."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from compliance.evidence.reports.periods import Month, Period, PeriodError, period_of

TODAY = date(2026, 3, 31)


def test_a_month_is_read_and_written_alike():
    assert Month.parse("2026-02") == Month(2026, 2)
    assert str(Month(2026, 2)) == "2026-02"


@pytest.mark.parametrize(
    "text",
    ["", "2026", "2026-2", "2026-13", "2026-00", "1999-12", "2026-02-01", "2026-02\n", "٢٠٢٦-٠٢"],
)
def test_what_is_no_month_is_refused(text):
    with pytest.raises(ValueError, match="YYYY-MM"):
        Month.parse(text)


def test_months_go_over_the_turn_of_the_year():
    assert Month(2026, 11).plus(3) == Month(2027, 2)
    assert Month(2026, 1).plus(-11) == Month(2025, 2)
    assert [str(m) for m in Period(Month(2025, 11), Month(2026, 2)).months()] == [
        "2025-11",
        "2025-12",
        "2026-01",
        "2026-02",
    ]


def test_a_month_begins_when_it_does_in_the_controllers_zone():
    begin, end = Period(Month(2026, 3), Month(2026, 3)).moments(ZoneInfo("Europe/Berlin"))
    assert begin.astimezone(UTC) == datetime(2026, 2, 28, 23, tzinfo=UTC)
    assert end.astimezone(UTC) == datetime(2026, 3, 31, 22, tzinfo=UTC)  # summer time by then


def test_unless_said_otherwise_it_is_the_last_twelve_months():
    assert period_of(None, None, today=TODAY) == Period(Month(2025, 4), Month(2026, 3))
    assert period_of(None, Month(2025, 12), today=TODAY) == Period(Month(2025, 1), Month(2025, 12))


@pytest.mark.parametrize(
    ("first", "last", "field", "message"),
    [
        (None, Month(2026, 4), "last", "not begun"),
        (Month(2026, 3), Month(2026, 2), "first", "after the last"),
        (Month(2016, 3), Month(2026, 3), "first", "At most 120"),
    ],
)
def test_it_says_which_end_is_at_fault(first, last, field, message):
    with pytest.raises(PeriodError, match=message) as caught:
        period_of(first, last, today=TODAY)
    assert caught.value.field == field


def test_ten_years_are_the_most():
    assert period_of(Month(2016, 4), Month(2026, 3), today=TODAY).first == Month(2016, 4)
