"""Calendar months of the controller, and the periods that reports are over. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

FIRST_YEAR = 2000
MOST_MONTHS = 120
_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])\Z", re.ASCII)


class PeriodError(ValueError):
    """Not a period that can be reported on; `field` is the end that is at fault."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class Month(NamedTuple):
    """A calendar month; months compare by time."""

    year: int
    month: int

    @classmethod
    def of(cls, day: date) -> Month:
        return cls(day.year, day.month)

    @classmethod
    def parse(cls, text: str) -> Month:
        """Return the month written as `2026-02`; raise ValueError."""
        found = _MONTH.match(text)
        if not found or int(found[1]) < FIRST_YEAR:
            raise ValueError(
                _("Write a month as YYYY-MM, from %(year)s-01 on.") % {"year": FIRST_YEAR}
            )
        return cls(int(found[1]), int(found[2]))

    def plus(self, months: int) -> Month:
        years, month0 = divmod(self.month - 1 + months, 12)
        return Month(self.year + years, month0 + 1)

    @property
    def first_day(self) -> date:
        return date(self.year, self.month, 1)

    def starts(self, tz: ZoneInfo) -> datetime:
        """Return the moment at which the month begins in `tz`."""
        return datetime.combine(self.first_day, time(), tz)

    def __str__(self) -> str:
        return f"{self.year:04}-{self.month:02}"


@dataclass(frozen=True)
class Period:
    """Whole months, both ends included."""

    first: Month
    last: Month

    def months(self) -> Iterator[Month]:
        month = self.first
        while month <= self.last:
            yield month
            month = month.plus(1)

    def moments(self, tz: ZoneInfo) -> tuple[datetime, datetime]:
        """Return when the period begins in `tz`, and when it is over."""
        return self.first.starts(tz), self.last.plus(1).starts(tz)


def period_of(first: Month | None, last: Month | None, *, today: date) -> Period:
    """Return the period; without ends it is the last twelve months, up to now.

    Raises `PeriodError`.
    """
    now = Month.of(today)
    last = last or now
    first = first or last.plus(-11)
    if last > now:
        raise PeriodError("last", _("The month has not begun yet."))
    if first > last:
        raise PeriodError("first", _("The first month is after the last."))
    if first.plus(MOST_MONTHS) <= last:
        most = _("At most %(n)s months can be reported on at once.") % {"n": MOST_MONTHS}
        raise PeriodError("first", most)
    return Period(first, last)
