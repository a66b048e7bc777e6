"""The first page after the log-in: what needs a person, and what is served."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from compliance.erasure.admin.words import STATE_COLOURS, time_left
from compliance.erasure.following import FOLLOWING
from compliance.erasure.models import ErasureRequest
from compliance.erasure.states import State
from compliance.evidence.models import Certificate
from compliance.provenance.releases import live_release

SHOWN = 5
SOON = timedelta(days=7)


@dataclass(frozen=True)
class Figure:
    """One number with the list behind it."""

    title: str
    number: int
    query: str
    alarming: bool = False

    @property
    def link(self) -> str:
        return f"{reverse('admin:erasure_erasurerequest_changelist')}?{self.query}"

    @property
    def alarm(self) -> bool:
        return self.alarming and self.number > 0


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add what the user may see to the context of the first page."""
    user = request.user
    context["title"] = _("Overview")
    if user.has_perm("erasure.view_erasurerequest"):
        context |= {"figures": _figures(), "next_requests": _next_requests()}
    if user.has_perm("evidence.view_certificate"):
        certificates = Certificate.objects.select_related("request").order_by("-issued_at")
        context["certificates"] = list(certificates[:SHOWN])
    if user.has_perm("provenance.view_release"):
        context["live"], context["epoch"] = live_release()
    return context


def _figures() -> list[Figure]:
    today = timezone.localdate()
    requests = ErasureRequest.objects.open()
    overdue = requests.overdue(today).count()
    soon = requests.filter(due_on__range=(today, today + SOON), paused_on=None).count()
    at_work = requests.filter(state__in=FOLLOWING).count()
    failed = requests.filter(state=State.FAILED).count()
    untold = ErasureRequest.objects.untold().count()
    states = "&".join(f"state__exact={state.value}" for state in FOLLOWING)
    return [
        Figure(_("Open"), requests.count(), "answer=open"),
        Figure(_("Overdue"), overdue, "due=overdue", alarming=True),
        Figure(_("Due within 7 days"), soon, "due=week"),
        Figure(_("Retraining now"), at_work, states),
        Figure(_("Person not told yet"), untold, "restricted=untold"),
        Figure(_("Failed"), failed, f"state__exact={State.FAILED.value}", alarming=True),
    ]


def _next_requests() -> list[dict[str, Any]]:
    requests = ErasureRequest.objects.open().by_urgency()[:SHOWN]
    return [
        {
            "request": one,
            "time_left": time_left(one),
            "colour": STATE_COLOURS[one.state],
            "late": one.days_left() < 0,
        }
        for one in requests
    ]
