"""Ways to narrow the queue of requests."""

from datetime import timedelta

from django.contrib.admin import ModelAdmin
from django.http import HttpRequest
from django.utils import timezone
from unfold.contrib.filters.admin import RadioFilter

from compliance.erasure.models import ErasureRequestQuerySet
from compliance.erasure.states import FINAL_STATES


class AnsweredFilter(RadioFilter):
    """Requests that wait, or those that have been answered."""

    title = "answer"
    parameter_name = "answer"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return [("open", "Open"), ("closed", "Answered or ended")]

    def queryset(
        self, request: HttpRequest, queryset: ErasureRequestQuerySet
    ) -> ErasureRequestQuerySet:
        if self.value() == "open":
            return queryset.open()
        if self.value() == "closed":
            return queryset.filter(state__in=FINAL_STATES)
        return queryset


class DueFilter(RadioFilter):
    """Open requests by the time that is left."""

    title = "due date"
    parameter_name = "due"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return [("overdue", "Overdue"), ("week", "Due within 7 days")]

    def queryset(
        self, request: HttpRequest, queryset: ErasureRequestQuerySet
    ) -> ErasureRequestQuerySet:
        today = timezone.localdate()
        if self.value() == "overdue":
            return queryset.open().filter(due_on__lt=today)
        if self.value() == "week":
            week = (today, today + timedelta(days=7))
            return queryset.open().filter(due_on__range=week)
        return queryset
