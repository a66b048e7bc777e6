"""The protocol's four words for where a request stands, and what they do not say."""

from datetime import UTC, date, datetime, time
from typing import Any

from django.conf import settings
from django.utils import timezone

from compliance.erasure.models import Answer, ErasureRequest, Refusal
from compliance.erasure.states import UNDECIDED_STATES, State

PENDING, IN_PROGRESS, COMPLETED, CANCELLED = "pending", "in_progress", "completed", "cancelled"

# For an end without an erasure the protocol has one word; these are the Data Rights Protocol's.
ENDS = {
    State.COMPLETED: "fulfilled",
    State.DENIED: "denied",
    State.CANCELLED: "revoked",
    State.EXPIRED: "expired",
}
REASONS = {
    Refusal.NO_MATCH: "no_match",
    Refusal.NOT_IDENTIFIABLE: "insuf_verification",
    Refusal.EXCESSIVE: "too_many_requests",
}
OTHER_REASON = "claim_not_covered"  # the exceptions of Art. 17(3)


def status_of(state: State) -> str:
    """Return the protocol's word for a state."""
    if state in UNDECIDED_STATES:
        return PENDING
    if state is State.COMPLETED:
        return COMPLETED
    return CANCELLED if state in ENDS else IN_PROGRESS


def extensions_of(request: ErasureRequest) -> dict[str, Any] | None:
    """Return how the request ended, under our domain; None while it is open.

    The words for the person stay between the controller's reviewers and the person.
    """
    if request.status not in ENDS:
        return None
    answer = Answer.objects.filter(request=request).first()
    ended = {
        "state": ENDS[request.status],
        "outcome": request.outcome or None,
        "reason": REASONS.get(Refusal(answer.article), OTHER_REASON) if answer else None,
        "article": answer.article if answer else None,
    }
    return {settings.OPENDSR_DOMAIN: ended}


def end_of(day: date) -> str:
    """Return the last second of a day where the controller is, as RFC 3339 in UTC."""
    last = datetime.combine(day, time(23, 59, 59), timezone.get_default_timezone())
    return moment(last)


def moment(at: datetime) -> str:
    """Return a time as RFC 3339 in UTC, to the second."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
