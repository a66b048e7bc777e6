"""The pages of the review: one request, its steps, a new request."""

from typing import Any
from uuid import UUID

from cryptography.fernet import InvalidToken
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_GET, require_POST

from compliance.accounts.admin_base import ReadOnlyAdmin, actor_names
from compliance.erasure import admin_page as page
from compliance.erasure.admin_steps import STEPS, NewRequestForm, Step, steps_from
from compliance.erasure.identity import identity_decrypt
from compliance.erasure.models import Channel, ErasureRequest, Ground
from compliance.erasure.services import request_receive
from compliance.erasure.states import IllegalTransitionError

CHANGE = "admin:erasure_erasurerequest_change"
QUEUE = "admin:erasure_erasurerequest_changelist"
FOLDER = "admin/erasure/erasurerequest"
OTHER_KEY = "The identifier was encrypted with another identity key. Restore that key first."


class RequestViews(ReadOnlyAdmin):
    """Views that only read, or ask and call a service on POST."""

    def get_urls(self) -> list[URLPattern]:
        name = "erasure_erasurerequest"
        wrap = self.admin_site.admin_view
        return [
            path("new/", wrap(self.new_view), name=f"{name}_new"),
            path("find/", wrap(self.find_view), name=f"{name}_find"),
            path("<uuid:pk>/identity/", wrap(self.identity_view), name=f"{name}_identity"),
            path("<uuid:pk>/progress/", wrap(self.progress_view), name=f"{name}_progress"),
            path("<uuid:pk>/step/<slug:step>/", wrap(self.step_view), name=f"{name}_step"),
            *super().get_urls(),
        ]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        erasure = self.get_object(request, object_id)
        if not self.has_view_permission(request, erasure):
            raise PermissionDenied
        if erasure is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return self._page(request, erasure)

    @method_decorator(require_POST)
    def find_view(self, request: HttpRequest) -> HttpResponse:
        """Go to the request with exactly the number in the form."""
        self._check(request, "erasure.view_erasurerequest")
        number = _uuid(request.POST.get("number", ""))
        erasure = ErasureRequest.objects.filter(pk=number).first() if number else None
        if erasure is None:
            messages.warning(request, "There is no request with exactly this number.")
            return redirect(QUEUE)
        return redirect(CHANGE, erasure.pk)

    @method_decorator(require_POST)
    def identity_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Show the request with the subject's identifier on it, and keep that it was shown."""
        self._check(request, "erasure.view_erasurerequest", "erasure.view_identity")
        erasure = get_object_or_404(ErasureRequest, pk=pk)
        if not erasure.identity:
            messages.info(request, "The request has ended; its identifier is not kept any more.")
            return redirect(CHANGE, pk)
        try:
            identifier = identity_decrypt(bytes(erasure.identity))
        except InvalidToken:
            messages.error(request, OTHER_KEY)
            return redirect(CHANGE, pk)
        self.log_change(request, erasure, "Looked at the identifier.")
        return self._page(request, erasure, identifier=identifier)

    @method_decorator(require_GET)
    def progress_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Answer with the progress alone; tell the page to load anew when the state changed."""
        self._check(request, "erasure.view_erasurerequest")
        erasure = get_object_or_404(ErasureRequest, pk=pk)
        response = TemplateResponse(request, f"{FOLDER}/progress.html", _progress(erasure))
        if request.GET.get("state") != erasure.state:
            response["HX-Refresh"] = "true"
        return response

    def step_view(self, request: HttpRequest, pk: UUID, step: str) -> HttpResponse:
        """Say what the step does and ask; only a POST with a valid form does it."""
        self._check(request, "erasure.view_erasurerequest", "erasure.decide")
        if step not in STEPS:
            raise Http404
        return self._step(request, get_object_or_404(ErasureRequest, pk=pk), STEPS[step])

    def _step(self, request: HttpRequest, erasure: ErasureRequest, step: Step) -> HttpResponse:
        if erasure.status not in step.sources:
            messages.error(request, _too_late(erasure, step))
            return redirect(CHANGE, erasure.pk)
        form = step.form(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            self._do(request, erasure, step, form.cleaned_data)
            return redirect(CHANGE, erasure.pk)
        impact = page.impact_of(erasure, request.user)
        context = {
            "title": f"{step.title} request {str(erasure.pk)[:8]}",
            "step": step,
            "form": form,
            "button_variant": step.variant,
            "impact": impact,
            "facts": page.impact_facts(impact) if impact else [],
        }
        return TemplateResponse(request, step.template, self._context(request, erasure) | context)

    def _do(
        self, request: HttpRequest, erasure: ErasureRequest, step: Step, data: dict[str, Any]
    ) -> None:
        try:
            step.run(erasure.pk, _actor(request), data)
        except IllegalTransitionError:
            erasure.refresh_from_db()
            messages.error(request, _too_late(erasure, step))
        except InvalidToken:
            messages.error(request, OTHER_KEY)
        else:
            messages.success(request, step.done)

    def new_view(self, request: HttpRequest) -> HttpResponse:
        """Take in a request that came by letter, by telephone or in person."""
        self._check(request, "erasure.add_erasurerequest")
        form = NewRequestForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            erasure = _receive(form.cleaned_data, _actor(request))
            messages.success(request, "The request is filed. Its clock runs.")
            return redirect(CHANGE, erasure.pk)
        context = self.admin_site.each_context(request) | {
            "opts": self.opts,
            "title": "New erasure request",
            "form": form,
            "button_variant": "primary",
        }
        return TemplateResponse(request, f"{FOLDER}/new.html", context)

    def _page(
        self, request: HttpRequest, erasure: ErasureRequest, identifier: str = ""
    ) -> TemplateResponse:
        impact = page.impact_of(erasure, request.user)
        may_decide = request.user.has_perm("erasure.decide")
        context = {
            "title": f"Request {str(erasure.pk)[:8]}",
            "identifier": identifier,
            "colour": page.STATE_COLOURS[erasure.state],
            "time_left": page.time_left(erasure),
            "steps": steps_from(erasure.status) if may_decide else [],
            "asked": page.asked_facts(erasure),
            "clock": page.clock_facts(erasure),
            "impact": impact,
            "impact_facts": page.impact_facts(impact) if impact else [],
            "releases": page.release_facts(erasure),
            "history": page.history(erasure),
            "certificate": getattr(erasure, "certificate", None),
            **_progress(erasure),
        }
        context = self._context(request, erasure) | context
        return TemplateResponse(request, f"{FOLDER}/page.html", context)

    def _context(self, request: HttpRequest, erasure: ErasureRequest) -> dict[str, Any]:
        return self.admin_site.each_context(request) | {"opts": self.opts, "original": erasure}

    def _check(self, request: HttpRequest, *permissions: str) -> None:
        if not request.user.has_perms(permissions):
            raise PermissionDenied


def _progress(erasure: ErasureRequest) -> dict[str, Any]:
    work = page.work_of(erasure)
    return {"original": erasure, "work": work, "at_work": page.is_at_work(erasure)}


def _receive(data: dict[str, Any], actor: str) -> ErasureRequest:
    return request_receive(
        subject=data["subject"],
        channel=Channel.ADMIN,
        ground=Ground(data["ground"]),
        actor=actor,
        identity_asserted=data["identity_checked"],
    )


def _too_late(erasure: ErasureRequest, step: Step) -> str:
    """Tell a reviewer who came second what has happened, and who did it."""
    last = erasure.events.order_by("-pk").first()
    who = actor_names([last.actor])[last.actor] if last else "somebody"
    return (
        f"“{step.title}” is not possible any more: the request is "
        f"{erasure.get_state_display().lower()} since a step by {who}. Nothing was changed."
    )


def _actor(request: HttpRequest) -> str:
    return f"user:{request.user.pk}"


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text.strip())
    except ValueError:
        return None
