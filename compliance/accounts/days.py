"""The last day of something, in the controller's time zone."""

from datetime import date, datetime, time, timedelta

from django.utils import timezone


def end_of(day: date | None) -> datetime | None:
    """Return the first moment after `day`."""
    if day is None:
        return None
    return timezone.make_aware(datetime.combine(day + timedelta(days=1), time.min))


def last_day(end: datetime | None) -> date | None:
    """Return the day of which `end` is the first moment after, or in which it lies."""
    return timezone.localdate(end - timedelta(microseconds=1)) if end else None
