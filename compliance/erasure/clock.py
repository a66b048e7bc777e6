"""The legal clock of an erasure request: GDPR Art. 12(3), counted in calendar months.

A month is a calendar month, never 30 days. It runs from the date of receipt in the controller's
time zone and ends on the same day of a later month, or on that month's last day where it is
shorter. No date moves because it falls on a weekend or holiday: to be early is always lawful.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime
from zoneinfo import ZoneInfo

ANSWER_MONTHS = 1  # Art. 12(3), first sentence: within one month of receipt
EXTENDED_MONTHS = 3  # second sentence: two further months, from receipt and not from the due date


def due_on(received_at: datetime, tz: ZoneInfo) -> date:
    """The last day on which the person can be answered in time.

    Raises ValueError if `received_at` has no time zone: its local date would be a guess.
    """
    return _add_months(_local_date(received_at, tz), ANSWER_MONTHS)


def extended_due_on(received_at: datetime, tz: ZoneInfo) -> date:
    """The last day once an extension is in force. Raises ValueError as `due_on` does."""
    return _add_months(_local_date(received_at, tz), EXTENDED_MONTHS)


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


def _local_date(moment: datetime, tz: ZoneInfo) -> date:
    if moment.utcoffset() is None:
        raise ValueError("received_at has no time zone; pass an aware datetime")
    return moment.astimezone(tz).date()


def _add_months(start: date, months: int) -> date:
    years, month0 = divmod(start.month - 1 + months, 12)
    year, month = start.year + years, month0 + 1
    return date(year, month, min(start.day, monthrange(year, month)[1]))
