"""Restrictions in force: Art. 18. Whom they are about is shown on the request alone, on demand."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, F, Min, OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display
from unfold.views import ChangeList

from compliance.accounts.admin_base import ReadOnlyAdmin
from compliance.erasure.admin.filters import AgeFilter, ParkedFilter, ScopeKindFilter, UntoldFilter
from compliance.erasure.admin.words import STATE_COLOURS, moment
from compliance.erasure.models import STATE_LABELS, ErasureRequest, ScopeKind
from compliance.erasure.states import UNERASED_STATES, State
from compliance.records.models import Restriction

NEVER_LISTED = ("tag", "identity", "scope")
# What the row of a request tells of its restriction: the two are linked by the number alone.
REQUEST = ErasureRequest.objects.filter(pk=OuterRef("request_id"))


class RestrictionList(ChangeList):
    """Leads from each row to its request."""

    def url_for_result(self, result: Any) -> str:
        return reverse("admin:erasure_erasurerequest_change", args=[result.request_id])


@admin.register(Restriction)
class RestrictionAdmin(ReadOnlyAdmin):
    """One row a request whose subject's records rest, the longest first. There is no other page."""

    list_display = ["about", "coloured_state", "untold", "kind", "begun", "parked", "oldest"]
    list_filter = [UntoldFilter, AgeFilter, ParkedFilter, ScopeKindFilter]
    list_before_template = "admin/records/restriction/head.html"
    list_per_page = 25
    ordering = ["since", "pk"]
    empty_text = gettext_lazy(
        "Nobody's records are restricted. They are from the moment on in which it is sure who "
        "asks, until the request is decided and the person has been told."
    )

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.changelist_view)
        return [path("", view, name="records_restriction_changelist")]

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        return RestrictionList

    def get_queryset(self, request: HttpRequest) -> QuerySet[Restriction]:
        rows = Restriction.objects.defer(*NEVER_LISTED)
        return rows.annotate(
            request_state=Subquery(REQUEST.values("state")),
            request_scope=Subquery(REQUEST.values("scope_kind")),
            parked_count=Count("parked"),
            parked_first=Min("parked__parked_at"),
        )

    @display(description=gettext_lazy("Request"))
    def about(self, row: Restriction) -> SafeString:
        return format_html('<span title="{}">{}</span>', row.request_id, str(row.request_id)[:8])

    @display(description=gettext_lazy("State of the request"), label=STATE_COLOURS)
    def coloured_state(self, row: Any) -> tuple[str, Any]:
        return row.request_state, STATE_LABELS[State(row.request_state)]

    @display(description=gettext_lazy("Person told"), label={"untold": "warning", "": ""})
    def untold(self, row: Any) -> tuple[str, Any]:
        if row.request_state in UNERASED_STATES:
            return "untold", _("Not told yet")
        return "", "–"

    @display(description=gettext_lazy("Scope"))
    def kind(self, row: Any) -> Any:
        return ScopeKind(row.request_scope).label

    @display(description=gettext_lazy("Restricted since"), ordering="since")
    def begun(self, row: Restriction) -> str:
        return f"{moment(row.since)} ({timesince(row.since, timezone.now(), depth=1)})"

    @display(description=gettext_lazy("Parked records"), ordering="parked_count")
    def parked(self, row: Any) -> int:
        return row.parked_count

    @display(
        description=gettext_lazy("Oldest parked"), ordering=F("parked_first").asc(nulls_last=True)
    )
    def oldest(self, row: Any) -> str:
        return moment(row.parked_first) if row.parked_first else "–"
