"""What has been sent, what waits, and what was given up. What a message says is shown nowhere."""

from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST
from unfold.contrib.filters.admin import ChoicesCheckboxFilter
from unfold.decorators import display

from compliance.accounts.admin_base import ReadOnlyAdmin, ReadOnlyInline
from compliance.jobs.models import DeliveryAttempt, MessageState, OutboxMessage
from compliance.jobs.outbox import NotDeadError, message_resend

STATE_COLOURS: dict[str, str] = {
    MessageState.QUEUED: "info",
    MessageState.DELIVERED: "success",
    MessageState.DEAD: "danger",
    MessageState.CANCELLED: "warning",
}
CHANGE = "admin:jobs_outboxmessage_change"


class AttemptInline(ReadOnlyInline):
    model = DeliveryAttempt
    fields = ["at", "outcome", "status"]
    verbose_name_plural = gettext_lazy("Attempts")


@admin.register(OutboxMessage)
class OutboxMessageAdmin(ReadOnlyAdmin):
    """One row a mail or webhook, with each attempt as evidence."""

    list_display = ["topic", "coloured_state", "kind", "receiver", "about", "tries", "age"]
    list_filter = [("state", ChoicesCheckboxFilter), ("kind", ChoicesCheckboxFilter)]
    list_select_related = ["endpoint"]
    ordering = ["-created_at"]
    actions = ["resend_selected"]
    inlines = [AttemptInline]
    empty_text = gettext_lazy("Nothing has been sent. Each step of a request writes messages.")
    fields = ["topic", "about", "kind", "receiver", "state", "tries", "created_at", "delivered_at"]
    readonly_fields = ["receiver"]
    change_form_outer_before_template = "admin/jobs/outboxmessage/resend.html"

    @display(description=gettext_lazy("State"), ordering="state", label=STATE_COLOURS)
    def coloured_state(self, message: OutboxMessage) -> tuple[str, str]:
        return message.state, message.get_state_display()

    @display(description=gettext_lazy("To"))
    def receiver(self, message: OutboxMessage) -> str:
        return message.endpoint.name if message.endpoint else _("an address that is not shown")

    @display(description=gettext_lazy("Created"), ordering="created_at")
    def age(self, message: OutboxMessage) -> object:
        return message.created_at

    def has_resend_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("jobs.change_outboxmessage")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.resend_view)
        return [
            path("<uuid:pk>/resend/", view, name="jobs_outboxmessage_resend"),
            *super().get_urls(),
        ]

    @admin.action(description=gettext_lazy("Send again"), permissions=["resend"])
    def resend_selected(self, request: HttpRequest, chosen: QuerySet[OutboxMessage]) -> None:
        """Send the chosen dead letters again, and say how many of the chosen were none."""
        sent = sum(self._resend(request, pk) for pk in chosen.values_list("pk", flat=True))
        left = chosen.count() - sent
        if sent:
            self._say(request, sent)
        if left:
            text = ngettext(
                "%(left)d message is no dead letter and was left as it is.",
                "%(left)d messages are no dead letters and were left as they are.",
                left,
            )
            messages.warning(request, text % {"left": left})

    @method_decorator(require_POST)
    def resend_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Send one dead letter again."""
        if not self.has_resend_permission(request):
            raise PermissionDenied
        if self._resend(request, pk):
            self._say(request, 1)
        else:
            messages.error(request, _("Only a dead letter can be sent again. Nothing was changed."))
        return redirect(CHANGE, pk)

    def _resend(self, request: HttpRequest, pk: UUID) -> bool:
        try:
            message = message_resend(message_id=pk)
        except NotDeadError:
            return False
        self.log_change(request, message, "Sent again.")
        return True

    def _say(self, request: HttpRequest, count: int) -> None:
        text = ngettext("%(count)d message is queued.", "%(count)d messages are queued.", count)
        messages.success(request, text % {"count": count})
