"""The background jobs, to see what waits, what runs and what failed."""

from django.contrib import admin
from django.db.models import QuerySet
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesCheckboxFilter, RadioFilter
from unfold.decorators import display

from compliance.accounts.admin_base import ReadOnlyAdmin
from compliance.jobs import admin_endpoints, admin_outbox
from compliance.jobs.admin_progress import STATE_COLOURS, percent, progress_bar
from compliance.jobs.models import Job

__all__ = ["JobAdmin", "admin_endpoints", "admin_outbox"]  # registered by being imported


class KindFilter(RadioFilter):
    """Jobs of one kind."""

    title = gettext_lazy("kind")
    parameter_name = "kind"

    def lookups(self, request: object, model_admin: object) -> list[tuple[str, str]]:
        kinds = Job.objects.order_by("kind").values_list("kind", flat=True).distinct()
        return [(kind, kind) for kind in kinds]

    def queryset(self, request: object, queryset: QuerySet[Job]) -> QuerySet[Job]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    """One row a job. Workers write them; a job that failed is resumed from its request."""

    list_display = ["kind", "target", "coloured_state", "progress", "attempts", "queue", "age"]
    list_filter = [
        ("state", ChoicesCheckboxFilter),
        ("queue", ChoicesCheckboxFilter),
        KindFilter,
    ]
    ordering = ["-created_at"]
    empty_text = gettext_lazy(
        "Nothing waits and nothing runs. Training and approved erasures queue jobs."
    )
    fieldsets = [
        (gettext_lazy("What"), {"fields": ["kind", "target", "queue", "state", "progress"]}),
        (gettext_lazy("Trouble"), {"fields": ["attempts", "error_text"]}),
        (
            gettext_lazy("Who works on it"),
            {"fields": ["worker", "lease_expires_at", "heartbeat_at"]},
        ),
        (
            gettext_lazy("Times"),
            {"fields": ["created_at", "run_after", "started_at", "finished_at"]},
        ),
    ]
    readonly_fields = ["progress", "error_text"]

    @display(description=gettext_lazy("State"), ordering="state", label=STATE_COLOURS)
    def coloured_state(self, job: Job) -> tuple[str, str]:
        return job.state, job.get_state_display()

    @display(description=gettext_lazy("Progress"))
    def progress(self, job: Job) -> SafeString | str:
        return progress_bar(job) if percent(job) is not None else _("not measured")

    @display(description=gettext_lazy("Created"), ordering="created_at")
    def age(self, job: Job) -> object:
        return job.created_at

    @display(description=gettext_lazy("Last error"))
    def error_text(self, job: Job) -> SafeString | str:
        if not job.error:
            return _("none")
        return format_html('<pre tabindex="0" class="overflow-x-auto text-xs">{}</pre>', job.error)
