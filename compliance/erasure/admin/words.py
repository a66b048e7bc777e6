"""How states, times and people are said on the pages of the review."""

from datetime import date, datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from compliance.erasure.models import ErasureRequest
from compliance.erasure.states import FINAL_STATES, State

STATE_COLOURS: dict[str, str] = {
    State.RECEIVED: "info",
    State.AWAITING_IDENTITY: "warning",
    State.IN_REVIEW: "info",
    State.APPROVED: "primary",
    State.RETRAINING: "primary",
    State.VERIFYING: "primary",
    State.COMPLETED: "success",
    State.DENIED: "",
    State.CANCELLED: "",
    State.EXPIRED: "",
    State.FAILED: "danger",
}


def number_of(request: ErasureRequest) -> str:
    """Return the beginning of a request's number, enough for people to tell two apart."""
    return str(request.pk)[:8]


def is_open(request: ErasureRequest) -> bool:
    return request.status not in FINAL_STATES


def time_left(request: ErasureRequest) -> str:
    """Return the days that are left, in words. A paused clock stands, and that is said."""
    left = request.days_left()
    words = _days_left(left)
    if request.paused_on:
        return _("paused since %(day)s, %(left)s") % {"day": day(request.paused_on), "left": words}
    return words


def _days_left(left: int) -> str:
    if left < 0:
        return ngettext("%(days)d day overdue", "%(days)d days overdue", -left) % {"days": -left}
    if left == 0:
        return _("due today")
    return ngettext("%(days)d day left", "%(days)d days left", left) % {"days": left}


def day(value: date) -> str:
    return date_format(value, "DATE_FORMAT")


def moment(value: datetime | None) -> str:
    """Return a time in the controller's time zone."""
    return date_format(timezone.localtime(value), "DATETIME_FORMAT") if value else _("not yet")


def minutes_words(minutes: float | None) -> str:
    """Return how long something takes, as exactly as an estimate can be."""
    if minutes is None:
        return _("Not known: no training has been timed yet")
    if minutes < 1:
        return _("Less than a minute")
    if minutes < 120:
        whole = round(minutes)
        return ngettext("About %(n)d minute", "About %(n)d minutes", whole) % {"n": whole}
    hours = round(minutes / 60)
    return ngettext("About %(n)d hour", "About %(n)d hours", hours) % {"n": hours}
