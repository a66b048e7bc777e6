"""The queue of erasure requests."""

from functools import cache
from typing import Any

from django.contrib import admin
from django.contrib.admin import ShowFacets
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Model, QuerySet
from django.db.models.expressions import Combinable
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from unfold.admin import ModelAdmin, checkbox
from unfold.contrib.filters.admin import ChoicesCheckboxFilter, ChoicesRadioFilter
from unfold.decorators import display

from compliance.erasure.admin.batch_views import BatchViews
from compliance.erasure.admin.filters import (
    AnsweredFilter,
    AssigneeFilter,
    DueFilter,
    DuplicateFilter,
    RestrictedFilter,
)
from compliance.erasure.admin.new_views import NewViews
from compliance.erasure.admin.paging import BoundedPaginator
from compliance.erasure.admin.search_views import SearchViews
from compliance.erasure.admin.step_views import StepViews
from compliance.erasure.admin.views import RequestViews
from compliance.erasure.admin.words import STATE_COLOURS, day, is_open, moment, number_of, time_left
from compliance.erasure.models import MAX_ITEMS, URGENCY, ErasureRequest

NEVER_LISTED = ("proof_before", "proof_after", "scope", "decided_scope", "contact", "identity")

PLACE = "the-row"


@cache
def checkbox_of_a_row(language: str | None) -> str:
    """Return Unfold's checkbox for the row `PLACE`: rendering it for each takes a while."""
    return str(checkbox.render(ACTION_CHECKBOX_NAME, PLACE))


@cache
def label_of(words: str, colour: str) -> SafeString:
    """Return a label as Unfold shows it; there are few, and each page has many."""
    return render_to_string("unfold/helpers/label.html", {"text": words, "type": colour})


@admin.register(ErasureRequest)
class ErasureRequestAdmin(StepViews, BatchViews, SearchViews, NewViews, RequestViews):
    """Overdue requests first, then by due date; answered ones last. Nothing is edited by hand."""

    list_display = ["number", "coloured_state", "due", "whose", "channel", "ground", "received"]
    list_filter = [
        AnsweredFilter,
        DueFilter,
        AssigneeFilter,
        ("state", ChoicesCheckboxFilter),
        ("channel", ChoicesRadioFilter),
        RestrictedFilter,
        DuplicateFilter,
    ]
    list_before_template = "admin/erasure/erasurerequest/queue_head.html"
    list_per_page = 25
    list_select_related = ["assignee"]
    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    empty_text = gettext_lazy(
        "No request yet. They arrive by the API, the portal, or are filed with “New request”."
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[ErasureRequest]:
        return ErasureRequest.objects.defer(*NEVER_LISTED).by_urgency()

    def get_ordering(self, request: HttpRequest) -> list[str | Combinable]:
        return [URGENCY, "due_on", "received_at"]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        extra = {"most": f"{MAX_ITEMS:,}"} | (extra_context or {})
        return super().changelist_view(request, extra_context=extra)

    @display(description=gettext_lazy("Request"))
    def number(self, erasure: ErasureRequest) -> SafeString:
        mark: SafeString | str = ""
        if erasure.duplicate_of_id:
            words = _("duplicate of %(number)s") % {"number": str(erasure.duplicate_of_id)[:8]}
            mark = format_html(' <span class="text-xs text-subtle">{}</span>', words)
        elif erasure.reopens_id:
            words = _("reopens %(number)s") % {"number": str(erasure.reopens_id)[:8]}
            mark = format_html(' <span class="text-xs text-subtle">{}</span>', words)
        return format_html('<span title="{}">{}</span>{}', erasure.pk, number_of(erasure), mark)

    @display(description=ModelAdmin.action_checkbox.short_description)
    def action_checkbox(self, obj: Model) -> SafeString:
        return mark_safe(checkbox_of_a_row(get_language()).replace(PLACE, str(obj.pk)))  # noqa: S308 - a UUID

    @display(description=gettext_lazy("State"), ordering="state")
    def coloured_state(self, erasure: ErasureRequest) -> SafeString:
        return label_of(erasure.get_state_display(), STATE_COLOURS[erasure.state])

    @display(description=gettext_lazy("Looked after by"))
    def whose(self, erasure: ErasureRequest) -> str:
        return erasure.assignee.get_username() if erasure.assignee else "–"

    @display(description=gettext_lazy("Received"), ordering="received_at")
    def received(self, erasure: ErasureRequest) -> str:
        return moment(erasure.received_at)

    @display(description=gettext_lazy("Due"), ordering="due_on")
    def due(self, erasure: ErasureRequest) -> SafeString | str:
        on = day(erasure.due())
        if not is_open(erasure):
            return on
        late = "font-semibold text-red-600 dark:text-red-400" if erasure.days_left() < 0 else ""
        return format_html('{} <span class="{}">({})</span>', on, late, time_left(erasure))
