"""Monthly figures against a year's beginning that was counted by hand."""

from datetime import date

import pytest

from compliance.erasure.states import State
from compliance.evidence.reports.monthly import Course, figures_of, percentile
from compliance.evidence.reports.periods import Month, Period

WINTER = Period(Month(2026, 1), Month(2026, 3))


def course(started, ended=None, state=State.IN_REVIEW, *, due=None, **more):
    begun = date.fromisoformat(started)
    last = date.fromisoformat(due) if due else date(begun.year, begun.month + 1, begun.day)
    return Course(
        started=begun,
        ended=date.fromisoformat(ended) if ended else None,
        state=state,
        due=last,
        **more,
    )


HISTORY = [
    # Came in November, still open in January: completed late, after 70 days.
    Course(
        started=date(2025, 11, 22),
        due=date(2025, 12, 22),
        ended=date(2026, 1, 31),
        state=State.COMPLETED,
    ),
    course("2026-01-02", "2026-01-02", State.DENIED, article="12(5)"),  # the same day: 0 days
    course("2026-01-05", "2026-02-05", State.COMPLETED),  # on the due day: 31 days, in time
    course("2026-01-06", "2026-02-07", State.COMPLETED),  # a day after it: 32 days, late
    course(
        "2026-01-31",
        "2026-03-05",
        State.COMPLETED,
        due="2026-03-05",
        partial=True,
        article="17(3)(b)",
        pauses=(date(2026, 2, 10),),
    ),  # 33 days, in time: paused
    course("2026-02-01", "2026-02-20", State.CANCELLED),
    course("2026-02-02", "2026-03-04", State.EXPIRED),
    course("2026-02-03", "2026-02-28", State.DENIED, article="12(5)"),  # 25 days
    course("2026-02-04", "2026-02-28", State.DENIED, article="17(3)(e)"),  # 24 days
    course("2026-02-10", due="2026-05-10", extended=date(2026, 3, 9)),  # open
    course("2026-03-20", pauses=(date(2026, 3, 21), date(2026, 3, 28))),  # open, paused twice
]


@pytest.fixture(scope="module")
def months():
    return figures_of(HISTORY, WINTER)


@pytest.mark.parametrize(
    ("name", "january", "february", "march"),
    [
        ("received", 4, 5, 1),
        ("answered", 2, 4, 1),
        ("in_time", 1, 3, 1),
        ("late", 1, 1, 0),
        ("open_at_end", 3, 3, 2),
        ("completed", 1, 2, 1),
        ("partial", 0, 0, 1),
        ("denied", 1, 2, 0),
        ("denied_by_article", {"12(5)": 1}, {"12(5)": 1, "17(3)(e)": 1}, {}),
        ("cancelled", 0, 1, 0),
        ("expired", 0, 0, 1),
        ("extensions", 0, 0, 1),
        ("pauses", 0, 1, 2),
        ("median_days", 35.0, 28.0, 33.0),  # of 0 70; 24 25 31 32; 33
        ("p90_days", 70, 32, 33),
    ],
)
def test_the_figures_are_those_counted_by_hand(months, name, january, february, march):
    assert [getattr(each, name) for each in months] == [january, february, march]


def test_all_that_came_in_has_ended_or_is_open(months):
    before, ended = 1, 0  # one was open when the year began
    for each in months:
        before += each.received
        ended += each.answered + each.cancelled + each.expired
        assert each.open_at_end == before - ended


def test_each_answer_is_in_time_or_late(months):
    assert all(each.in_time + each.late == each.answered for each in months)


def test_a_month_without_anything_has_no_days_and_keeps_what_is_open():
    empty = figures_of(HISTORY, Period(Month(2026, 4), Month(2026, 4)))[0]
    assert (empty.received, empty.answered, empty.open_at_end) == (0, 0, 2)
    assert (empty.median_days, empty.p90_days) == (None, None)


def test_what_begins_after_the_period_is_not_counted():
    assert figures_of(HISTORY, Period(Month(2025, 10), Month(2025, 10)))[0].open_at_end == 0


@pytest.mark.parametrize(
    ("values", "wanted"),
    [([], None), ([5], 5), (range(1, 11), 9), (range(1, 12), 10), ([3, 1, 2], 3)],
)
def test_nine_of_ten_are_not_above_the_ninetieth_percentile(values, wanted):
    assert percentile(values, 0.9) == wanted
