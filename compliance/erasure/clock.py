"""The legal clock of an erasure request: GDPR Art. 12(3), counted in calendar months.

A month is a calendar month, never 30 days. It runs from the date of receipt in the controller's
time zone and ends on the same day of a later month, or on that month's last day where it is
shorter. No date moves because it falls on a weekend or holiday: to be early is always lawful.

A pause moves the due date by its whole days: from the date on which it begins to the date on
which it ends. Pauses that overlap count once.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

ANSWER_MONTHS = 1  # Art. 12(3), first sentence: within one month of receipt
EXTENDED_MONTHS = 3  # second sentence: two further months, from receipt and not from the due date

Span = tuple[date, date]  # first day of a pause, and the day on which it ends


def due_on(
    received_at: datetime, tz: ZoneInfo, *, extended: bool = False, pauses: Iterable[Span] = ()
) -> date:
    """The last day on which the person can be answered in time.

    `extended` says that an extension is in force. `pauses` are those that have ended, as dates in
    `tz`. Raises ValueError if `received_at` has no time zone: its local date would be a guess; and
    if a pause ends before it begins or begins before the receipt.
    """
    start = local_date(received_at, tz)
    end = add_months(start, EXTENDED_MONTHS if extended else ANSWER_MONTHS)
    return end + timedelta(days=paused_days(pauses, since=start))


def paused_days(pauses: Iterable[Span], *, since: date) -> int:
    """Whole days that lie in at least one of `pauses`. Raises ValueError as `due_on` does."""
    days, reached = 0, since
    for first, last in sorted(pauses):
        if last < first:
            raise ValueError("a pause cannot end before it begins")
        if first < since:
            raise ValueError("a pause cannot begin before the receipt")
        days += max(0, (last - max(first, reached)).days)
        reached = max(reached, last)
    return days


def days_left(due: date, today: date) -> int:
    """Whole days from `today` to `due`: 0 on the due day itself, negative when it has passed.

    Both are dates in the controller's time zone. A datetime is refused with TypeError, since
    subtracting it would count hours in some zone.
    """
    if isinstance(due, datetime) or isinstance(today, datetime):
        raise TypeError(
            "days_left counts dates in the controller's time zone; pass .date() of each"
        )
    return (due - today).days


def local_date(moment: datetime, tz: ZoneInfo) -> date:
    """The date of `moment` in `tz`. Raises ValueError if it has no time zone."""
    if moment.utcoffset() is None:
        raise ValueError("received_at has no time zone; pass an aware datetime")
    return moment.astimezone(tz).date()


def add_months(start: date, months: int) -> date:
    """Return the same day so many months on, or back; the month's last day where it has none."""
    years, month0 = divmod(start.month - 1 + months, 12)
    year, month = start.year + years, month0 + 1
    return date(year, month, min(start.day, monthrange(year, month)[1]))
