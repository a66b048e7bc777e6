"""The queue of erasure requests."""

from django.contrib import admin
from django.db.models import Case, QuerySet, Value, When
from django.db.models.expressions import Combinable
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesCheckboxFilter, ChoicesRadioFilter
from unfold.decorators import display

from compliance.erasure.admin_filters import AnsweredFilter, DueFilter
from compliance.erasure.admin_page import STATE_COLOURS, time_left
from compliance.erasure.admin_views import RequestViews
from compliance.erasure.models import ErasureRequest
from compliance.erasure.states import FINAL_STATES


@admin.register(ErasureRequest)
class ErasureRequestAdmin(RequestViews):
    """Overdue requests first, then by due date; answered ones last. Nothing is edited by hand."""

    list_display = ["number", "coloured_state", "due", "channel", "ground", "received"]
    list_filter = [
        AnsweredFilter,
        DueFilter,
        ("state", ChoicesCheckboxFilter),
        ("channel", ChoicesRadioFilter),
    ]
    list_before_template = "admin/erasure/erasurerequest/queue_head.html"
    list_per_page = 50
    empty_text = "No request yet. They arrive by the API or are filed with “New request”."

    def get_queryset(self, request: HttpRequest) -> QuerySet[ErasureRequest]:
        closed = Case(When(state__in=FINAL_STATES, then=Value(1)), default=Value(0))
        return ErasureRequest.objects.annotate(closed=closed).order_by(*self.get_ordering(request))

    def get_ordering(self, request: HttpRequest) -> list[str | Combinable]:
        return ["closed", "due_on", "received_at"]

    @display(description="Request")
    def number(self, erasure: ErasureRequest) -> SafeString:
        return format_html('<span title="{}">{}</span>', erasure.pk, str(erasure.pk)[:8])

    @display(description="State", ordering="state", label=STATE_COLOURS)
    def coloured_state(self, erasure: ErasureRequest) -> tuple[str, str]:
        return erasure.state, erasure.get_state_display()

    @display(description="Received", ordering="received_at")
    def received(self, erasure: ErasureRequest) -> str:
        return f"{timezone.localtime(erasure.received_at):%-d %b %Y, %H:%M}"

    @display(description="Due", ordering="due_on")
    def due(self, erasure: ErasureRequest) -> SafeString | str:
        day = f"{erasure.due_on:%-d %b %Y}"
        if erasure.status in FINAL_STATES:
            return day
        late = "font-semibold text-red-600 dark:text-red-400" if erasure.days_left() < 0 else ""
        return format_html('{} <span class="{}">({})</span>', day, late, time_left(erasure))
