"""Ways to narrow the queue of requests, and the list of restrictions.

None takes words: an identifier never gets into a URL.
"""

from datetime import timedelta
from typing import Any

from django.contrib.admin import ModelAdmin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RadioFilter

from compliance.erasure.models import ErasureRequestQuerySet, ScopeKind
from compliance.erasure.states import FINAL_STATES, UNERASED_STATES
from compliance.records.models import Restriction

Choices = list[tuple[str, str | Promise]]


class ChoiceFilter(RadioFilter):
    """A filter with fixed `choices`."""

    fixed: Choices

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        return self.fixed


class AnsweredFilter(ChoiceFilter):
    """Requests that wait, or those that have been answered."""

    title = _("answer")
    parameter_name = "answer"
    fixed = [("open", _("Open")), ("closed", _("Answered or ended"))]

    def queryset(
        self, request: HttpRequest, queryset: ErasureRequestQuerySet
    ) -> ErasureRequestQuerySet:
        if self.value() == "open":
            return queryset.open()
        if self.value() == "closed":
            return queryset.filter(state__in=FINAL_STATES)
        return queryset


class DueFilter(ChoiceFilter):
    """Open requests by the time that is left."""

    title = _("due date")
    parameter_name = "due"
    fixed = [
        ("overdue", _("Overdue")),
        ("week", _("Due within 7 days")),
        ("paused", _("Clock paused")),
    ]

    def queryset(
        self, request: HttpRequest, queryset: ErasureRequestQuerySet
    ) -> ErasureRequestQuerySet:
        today = timezone.localdate()
        if self.value() == "overdue":
            return queryset.overdue(today)
        if self.value() == "week":
            week = (today, today + timedelta(days=7))
            return queryset.open().filter(due_on__range=week, paused_on=None)
        if self.value() == "paused":
            return queryset.filter(paused_on__isnull=False)
        return queryset


class AssigneeFilter(ChoiceFilter):
    """Requests by who looks after them."""

    title = _("who looks after it")
    parameter_name = "whose"
    fixed = [("mine", _("I do")), ("nobody", _("Nobody")), ("somebody", _("Somebody"))]

    def queryset(
        self, request: HttpRequest, queryset: ErasureRequestQuerySet
    ) -> ErasureRequestQuerySet:
        if self.value() == "mine":
            return queryset.filter(assignee=request.user.pk)
        if self.value() == "nobody":
            return queryset.open().filter(assignee=None)
        if self.value() == "somebody":
            return queryset.filter(assignee__isnull=False)
        return queryset


class RestrictedFilter(ChoiceFilter):
    """Requests whose subject's records are restricted: Art. 18."""

    title = _("restriction")
    parameter_name = "restricted"
    fixed = [
        ("yes", _("Records are restricted")),
        ("untold", _("Only because the person has not been told")),
    ]

    def queryset(
        self, request: HttpRequest, queryset: ErasureRequestQuerySet
    ) -> ErasureRequestQuerySet:
        if self.value() == "yes":
            return queryset.filter(pk__in=Restriction.objects.values("request_id"))
        if self.value() == "untold":
            return queryset.untold()
        return queryset


class DuplicateFilter(ChoiceFilter):
    """Requests that came in while another of the same subject was open."""

    title = _("duplicate")
    parameter_name = "duplicate"
    fixed = [("yes", _("Duplicates")), ("no", _("No duplicates"))]

    def queryset(
        self, request: HttpRequest, queryset: ErasureRequestQuerySet
    ) -> ErasureRequestQuerySet:
        if self.value() in ("yes", "no"):
            return queryset.filter(duplicate_of__isnull=self.value() == "no")
        return queryset


class UntoldFilter(ChoiceFilter):
    """Restrictions of requests that have ended: they stand until the person has been told."""

    title = _("person told")
    parameter_name = "told"
    fixed = [("no", _("Not told yet"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "no":
            return queryset.filter(request_state__in=UNERASED_STATES)
        return queryset


class AgeFilter(ChoiceFilter):
    """Restrictions by how long they have stood."""

    title = _("restricted for")
    parameter_name = "age"
    fixed = [("30", _("More than 30 days")), ("90", _("More than 90 days"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() in ("30", "90"):
            return queryset.filter(since__lt=timezone.now() - timedelta(days=int(self.value())))
        return queryset


class ParkedFilter(ChoiceFilter):
    """Restrictions under which records wait, or none do."""

    title = _("parked records")
    parameter_name = "parked"
    fixed = [("yes", _("Some")), ("no", _("None"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "yes":
            return queryset.filter(parked_count__gt=0)
        if self.value() == "no":
            return queryset.filter(parked_count=0)
        return queryset


class ScopeKindFilter(ChoiceFilter):
    """Restrictions by what their requests are about."""

    title = _("scope")
    parameter_name = "scope"
    fixed = [(kind.value, kind.label) for kind in ScopeKind]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(request_scope=self.value()) if self.value() else queryset
