"""One step for many requests: by selection or for all that match the filter."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _

from compliance.erasure.admin.base import FOLDER, QUEUE, ReviewAdmin, actor_of
from compliance.erasure.admin.batch_page import (
    batch_context,
    batch_facts,
    impact_sum,
    states_chosen,
)
from compliance.erasure.admin.batch_table import MANY
from compliance.erasure.batches import AT_WORK, batch_draft, batch_look, batch_start, batch_values
from compliance.erasure.errors import StepError
from compliance.erasure.models import (
    MAX_ITEMS,
    Batch,
    BatchAction,
    BatchState,
    ErasureRequest,
    ItemResult,
)

BATCH = "admin:erasure_erasurerequest_batch"
ITEMS_A_PAGE = 100


def _chooses(action: BatchAction) -> Any:
    """Return the entry of the queue's menu that begins a batch."""

    def choose(
        self: "BatchViews", request: HttpRequest, queryset: QuerySet[ErasureRequest]
    ) -> HttpResponse:
        self._check(request, "erasure.view_erasurerequest", "erasure.decide")
        try:
            batch = _choose(action, queryset, actor_of(request))
        except StepError as error:
            messages.error(request, str(error))
            return redirect(QUEUE)
        return redirect(BATCH, batch.pk)

    choose.__name__ = f"{action.value}_many"
    choose.short_description = MANY[action].title  # type: ignore[attr-defined]
    choose.allowed_permissions = ("decide",)  # type: ignore[attr-defined]
    return choose


@transaction.atomic
def _choose(action: BatchAction, queryset: QuerySet[ErasureRequest], actor: str) -> Batch:
    """Keep which requests were chosen; look at each where nothing has to be filled in before."""
    chosen = list(queryset.values_list("pk", flat=True)[: MAX_ITEMS + 1])
    batch = batch_draft(action=action, request_ids=chosen, actor=actor)
    if not MANY[action].asks.base_fields:
        batch_look(batch_id=batch.pk, actor=actor, values={})
    return batch


class BatchViews(ReviewAdmin):
    """Choosing keeps which requests; the batch's own page asks, starts it and shows results."""

    actions = [_chooses(action) for action in BatchAction]

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
        if batch.actor == actor_of(request):
            if batch.state == BatchState.DRAFT:
                return self._fill_in(request, batch)
            if batch.state == BatchState.READY:
                return self._confirm(request, batch)
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

    def _fill_in(self, request: HttpRequest, batch: Batch) -> HttpResponse:
        """Ask for what the step takes, show the letter, and let a worker look at each."""
        step = MANY[BatchAction(batch.action)]
        form = step.asks(request.POST if request.method == "POST" else None)
        if request.method != "POST" or not form.is_valid():
            return self._ask_batch(request, batch, form)
        stage = request.POST.get("stage", "")
        if step.letter and stage != "do":
            return self._ask_batch(request, batch, form, look=stage != "edit")
        try:
            batch_look(batch_id=batch.pk, actor=actor_of(request), values=form.cleaned_data)
        except StepError as error:
            messages.error(request, str(error))
        return redirect(BATCH, batch.pk)

    def _confirm(self, request: HttpRequest, batch: Batch) -> HttpResponse:
        """Say what would be done and what refused, and start it."""
        form = MANY[BatchAction(batch.action)].confirms(
            request.POST if request.method == "POST" else None
        )
        if request.method != "POST" or not form.is_valid():
            return self._ask_batch(request, batch, form)
        try:
            batch_start(batch_id=batch.pk, actor=actor_of(request))
        except StepError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("Started. A worker does one request after the other."))
        return redirect(BATCH, batch.pk)

    def _ask_batch(
        self, request: HttpRequest, batch: Batch, form: forms.Form, *, look: bool = False
    ) -> HttpResponse:
        step, drafted = MANY[BatchAction(batch.action)], batch.state == BatchState.DRAFT
        approves = batch.action == BatchAction.APPROVE
        values = {
            "title": step.title,
            "start_button": _("Look at each request") if drafted else step.button,
            "button_variant": "primary" if drafted else step.variant,
            "form": form,
            "has_letter": drafted and step.letter is not None,
            "letter": _example(batch, form.cleaned_data) if look else None,
            "written": None if drafted else _example(batch, batch_values(batch)),
            "drafted": drafted,
            "chosen": states_chosen(batch),
            "facts": impact_sum(batch) if approves else [],
            "page": None if drafted else _page(request, batch, refused_only=True),
            **batch_context(batch),
        }
        return TemplateResponse(
            request, f"{FOLDER}/batch_question.html", self._context(request, **values)
        )

    def _results(self, request: HttpRequest, batch: Batch) -> HttpResponse:
        values = {
            "title": MANY[BatchAction(batch.action)].title,
            "facts": batch_facts(batch),
            "page": _page(request, batch),
            **batch_context(batch),
        }
        return TemplateResponse(
            request, f"{FOLDER}/batch_results.html", self._context(request, **values)
        )


def _example(batch: Batch, values: Mapping[str, Any]) -> Any:
    """Return the letter to the first person who would get it, if one is written."""
    letter = MANY[BatchAction(batch.action)].letter
    would = (ItemResult.WAITING, ItemResult.POSSIBLE)
    first = batch.items.filter(result__in=would).select_related("request").order_by("pk").first()
    return letter(first.request, dict(values)) if letter and first else None


def _page(request: HttpRequest, batch: Batch, *, refused_only: bool = False) -> Any:
    items = batch.items.select_related("request").order_by("pk")
    if refused_only:
        items = items.exclude(result=ItemResult.POSSIBLE)
    return Paginator(items, ITEMS_A_PAGE).get_page(request.GET.get("page"))
