"""What happened to requests month by month. Pure.

All dates are the controller's. A request counts as received in the month in which its clock began,
and as answered when it was completed or denied, as it is for the legal clock. Who took a request
back, or never proved who they are, was not answered. Days to answer are calendar days from the
first date to the second; pauses are not taken off.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from statistics import median

from compliance.erasure.states import State
from compliance.evidence.reports.periods import Month, Period

ANSWERS = frozenset({State.COMPLETED, State.DENIED})


@dataclass(frozen=True, kw_only=True)
class Course:
    """How one request went. `state` is how it stands or ended, `ended` when it did."""

    started: date
    state: State
    due: date
    ended: date | None = None
    partial: bool = False
    article: str = ""
    extended: date | None = None
    pauses: tuple[date, ...] = ()

    @property
    def days(self) -> int | None:
        """Days to the answer; None if there was none."""
        return (self.ended - self.started).days if self.ended and self.state in ANSWERS else None


@dataclass(kw_only=True)
class Figures:
    """One month. `open_at_end` is as of now in a month that is not over."""

    month: Month
    received: int = 0
    answered: int = 0
    in_time: int = 0
    late: int = 0
    open_at_end: int = 0
    completed: int = 0
    partial: int = 0
    denied: int = 0
    denied_by_article: dict[str, int] = field(default_factory=dict)
    cancelled: int = 0
    expired: int = 0
    extensions: int = 0
    pauses: int = 0
    median_days: float | None = None
    p90_days: int | None = None


def figures_of(courses: Iterable[Course], period: Period) -> list[Figures]:
    """Return the figures of each month. `courses` are all that were open in the period or ended
    in it; others change nothing.
    """
    tally = _Tally(period)
    for course in courses:
        tally.add(course)
    return tally.figures()


def percentile(values: Iterable[int], share: float) -> int | None:
    """Return the least value that at least `share` of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    rank = -(-len(ordered) * round(share * 100) // 100)
    return ordered[max(rank, 1) - 1] if ordered else None


class _Tally:
    def __init__(self, period: Period) -> None:
        self._months = {month: Figures(month=month) for month in period.months()}
        self._articles: dict[Month, Counter[str]] = {month: Counter() for month in self._months}
        self._days: dict[Month, list[int]] = {month: [] for month in self._months}
        self._first, self._last = period.first, period.last
        self._opened: Counter[Month] = Counter()  # and those that ended, as less than none

    def add(self, course: Course) -> None:
        started = Month.of(course.started)
        if started > self._last:
            return
        self._opened[max(started, self._first)] += 1
        if started in self._months:
            self._months[started].received += 1
        for day in course.pauses:
            if figures := self._months.get(Month.of(day)):
                figures.pauses += 1
        if course.extended and (figures := self._months.get(Month.of(course.extended))):
            figures.extensions += 1
        if course.ended:
            self._end(course, Month.of(course.ended))

    def figures(self) -> list[Figures]:
        still_open = 0
        for month, figures in self._months.items():
            still_open += self._opened[month]
            figures.open_at_end = still_open
            figures.denied_by_article = dict(sorted(self._articles[month].items()))
            if days := self._days[month]:
                figures.median_days = float(median(days))
                figures.p90_days = percentile(days, 0.9)
        return list(self._months.values())

    def _end(self, course: Course, month: Month) -> None:
        self._opened[max(month, self._first)] -= 1
        figures = self._months.get(month)
        if figures is None:
            return
        setattr(figures, course.state, getattr(figures, course.state) + 1)
        figures.partial += course.partial
        if course.state is State.DENIED:
            self._articles[month][course.article] += 1
        if course.days is not None:
            self._days[month].append(course.days)
            figures.answered += 1
            in_time = course.ended is not None and course.ended <= course.due
            figures.in_time += in_time
            figures.late += not in_time
