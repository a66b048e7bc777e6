"""One step for many requests: by selection or for all that match the filter."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from compliance.erasure.admin import letters
from compliance.erasure.admin.base import FOLDER, QUEUE, ReviewAdmin, actor_of
from compliance.erasure.admin.batch_page import (
    batch_context,
    batch_facts,
    impact_sum,
    states_chosen,
)
from compliance.erasure.admin.forms import (
    ApproveForm,
    AssignForm,
    DenyForm,
    ExtendForm,
    PlainForm,
)
from compliance.erasure.batches import AT_WORK, batch_draft, batch_start
from compliance.erasure.errors import StepError
from compliance.erasure.models import Batch, BatchAction, BatchState, ErasureRequest

BATCH = "admin:erasure_erasurerequest_batch"
ITEMS_A_PAGE = 100
FORMS: dict[str, type[forms.Form]] = {
    BatchAction.ASSIGN: AssignForm,
    BatchAction.APPROVE: ApproveForm,
    BatchAction.DENY: DenyForm,
    BatchAction.EXTEND: ExtendForm,
    BatchAction.CANCEL: PlainForm,
}
LETTERS: dict[str, Callable[[ErasureRequest, dict[str, Any]], Any]] = {
    BatchAction.DENY: letters.refusal_letter,
    BatchAction.EXTEND: letters.extension_letter,
}
TITLES: dict[str, Promise] = {
    BatchAction.ASSIGN: gettext_lazy("Assign requests"),
    BatchAction.APPROVE: gettext_lazy("Approve requests"),
    BatchAction.DENY: gettext_lazy("Deny requests"),
    BatchAction.EXTEND: gettext_lazy("Extend requests"),
    BatchAction.CANCEL: gettext_lazy("Cancel requests"),
}
BUTTONS: dict[str, Promise] = {
    BatchAction.ASSIGN: gettext_lazy("Assign all"),
    BatchAction.APPROVE: gettext_lazy("Approve and erase all of them"),
    BatchAction.DENY: gettext_lazy("Deny all"),
    BatchAction.EXTEND: gettext_lazy("Extend all"),
    BatchAction.CANCEL: gettext_lazy("Cancel all"),
}
HARMLESS = (BatchAction.ASSIGN, BatchAction.EXTEND)


def _chooses(action: BatchAction) -> Any:
    """Return the entry of the queue's menu that begins a batch."""

    def choose(
        self: "BatchViews", request: HttpRequest, queryset: QuerySet[ErasureRequest]
    ) -> HttpResponse:
        self._check(request, "erasure.view_erasurerequest", "erasure.decide")
        try:
            batch = batch_draft(action=action, requests=queryset, actor=actor_of(request))  # type: ignore[arg-type]
        except StepError as error:
            messages.error(request, str(error))
            return redirect(QUEUE)
        return redirect(BATCH, batch.pk)

    choose.__name__ = f"{action.value}_many"
    choose.short_description = TITLES[action]  # type: ignore[attr-defined]
    choose.allowed_permissions = ("decide",)  # type: ignore[attr-defined]
    return choose


class BatchViews(ReviewAdmin):
    """Choosing keeps which requests; the batch's own page asks, starts it and shows results."""

    actions = [f"{action.value}_many" for action in BatchAction]
    assign_many = _chooses(BatchAction.ASSIGN)
    approve_many = _chooses(BatchAction.APPROVE)
    deny_many = _chooses(BatchAction.DENY)
    extend_many = _chooses(BatchAction.EXTEND)
    cancel_many = _chooses(BatchAction.CANCEL)

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("erasure.decide")

    def get_urls(self) -> list[URLPattern]:
        name = "erasure_erasurerequest"
        wrap = self.admin_site.admin_view
        return [
            path("many/<uuid:pk>/", wrap(self.batch_view), name=f"{name}_batch"),
            path("many/<uuid:pk>/progress/", wrap(self.many_view), name=f"{name}_batch_progress"),
            *super().get_urls(),
        ]

    def batch_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Ask, start, and show how far it is and what became of each."""
        self._check(request, "erasure.view_erasurerequest", "erasure.decide")
        batch = get_object_or_404(Batch, pk=pk)
        asks = batch.state in (BatchState.DRAFT, BatchState.READY)
        if asks and batch.actor == actor_of(request):
            return self._question(request, batch)
        if request.method == "POST":
            messages.error(request, _("This has been started already, or somebody else chose it."))
            return redirect(BATCH, batch.pk)
        return self._results(request, batch)

    def many_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Answer with the progress alone; load the page anew when there is something to read."""
        self._check(request, "erasure.view_erasurerequest", "erasure.decide")
        batch = get_object_or_404(Batch, pk=pk)
        values = batch_context(batch)
        response = TemplateResponse(request, f"{FOLDER}/batch_progress.html", values)
        if batch.state not in AT_WORK:
            response["HX-Refresh"] = "true"
        return response

    def _question(self, request: HttpRequest, batch: Batch) -> HttpResponse:
        form = FORMS[batch.action](request.POST if request.method == "POST" else None)
        if request.method != "POST" or not form.is_valid():
            return self._ask_batch(request, batch, form)
        stage = request.POST.get("stage", "")
        if batch.action in LETTERS and stage != "do":
            return self._ask_batch(request, batch, form, look=stage != "edit")
        try:
            batch_start(batch_id=batch.pk, actor=actor_of(request), values=_plain(form))
        except StepError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("Started. A worker does one request after the other."))
        return redirect(BATCH, batch.pk)

    def _ask_batch(
        self, request: HttpRequest, batch: Batch, form: forms.Form, *, look: bool = False
    ) -> HttpResponse:
        example = batch.items.select_related("request").order_by("pk").first()
        written = None
        if look and example:
            written = LETTERS[batch.action](example.request, form.cleaned_data)
        values = {
            "title": TITLES[batch.action],
            "start_button": BUTTONS[batch.action],
            "button_variant": "primary" if batch.action in HARMLESS else "danger",
            "form": form,
            "has_letter": batch.action in LETTERS,
            "letter": written,
            "chosen": states_chosen(batch),
            "facts": impact_sum(batch) if batch.action == BatchAction.APPROVE else [],
            **batch_context(batch),
        }
        return TemplateResponse(
            request, f"{FOLDER}/batch_question.html", self._context(request, **values)
        )

    def _results(self, request: HttpRequest, batch: Batch) -> HttpResponse:
        items = batch.items.select_related("request").order_by("pk")
        pages = Paginator(items, ITEMS_A_PAGE)
        values = {
            "title": TITLES[batch.action],
            "facts": batch_facts(batch),
            "page": pages.get_page(request.GET.get("page")),
            **batch_context(batch),
        }
        return TemplateResponse(
            request, f"{FOLDER}/batch_results.html", self._context(request, **values)
        )


def _plain(form: forms.Form) -> dict[str, Any]:
    """Return the valid form's values as JSON types."""
    return {
        name: value.pk if hasattr(value, "pk") else value
        for name, value in form.cleaned_data.items()
    }
