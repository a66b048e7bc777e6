"""The page of one request: what is known of it, whom it is about on demand, and comments."""

from uuid import UUID

from cryptography.fernet import InvalidToken
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from compliance.accounts.admin_base import PageAdmin
from compliance.erasure.admin import impact as impacts
from compliance.erasure.admin import page
from compliance.erasure.admin.base import CHANGE, FOLDER, OTHER_KEY, ReviewAdmin, actor_of
from compliance.erasure.admin.eyes import endorsement_facts
from compliance.erasure.admin.forms import CommentForm
from compliance.erasure.admin.history import comments, history
from compliance.erasure.admin.steps import STEPS, steps_for
from compliance.erasure.admin.words import STATE_COLOURS, is_open, number_of, time_left
from compliance.erasure.admin.work import progress_context
from compliance.erasure.identity import IdentityGoneError
from compliance.erasure.models import ErasureRequest
from compliance.erasure.services import comment_add, identity_show
from compliance.erasure.services.handling import OtherCommentError


class RequestViews(ReviewAdmin, PageAdmin):
    """Everything about one request on one page."""

    def get_urls(self) -> list[URLPattern]:
        name = "erasure_erasurerequest"
        wrap = self.admin_site.admin_view
        return [
            path("<uuid:pk>/identity/", wrap(self.identity_view), name=f"{name}_identity"),
            path("<uuid:pk>/comment/", wrap(self.comment_view), name=f"{name}_comment"),
            path("<uuid:pk>/progress/", wrap(self.progress_view), name=f"{name}_progress"),
            *super().get_urls(),
        ]

    @method_decorator(require_POST)
    def identity_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Show the request with the subject's identifier on it, and keep that it was shown."""
        self._check(request, "erasure.view_erasurerequest", "erasure.view_identity")
        erasure = get_object_or_404(ErasureRequest, pk=pk)
        try:
            identifier = identity_show(request_id=pk, actor=actor_of(request))
        except IdentityGoneError:
            messages.info(request, _("The request has ended; its identifier is not kept any more."))
            return redirect(CHANGE, pk)
        except InvalidToken:
            messages.error(request, OTHER_KEY)
            return redirect(CHANGE, pk)
        response = self._page(request, erasure, identifier=identifier)
        response["Cache-Control"] = "no-store"
        return response

    @method_decorator(require_POST)
    def comment_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Add a comment."""
        self._check(request, "erasure.view_erasurerequest", "erasure.comment")
        erasure = get_object_or_404(ErasureRequest, pk=pk)
        form = CommentForm(request.POST)
        if not form.is_valid():
            return self._page(request, erasure, comment_form=form)
        try:
            comment_add(request_id=pk, actor=actor_of(request), **form.cleaned_data)
        except OtherCommentError as error:
            form.add_error("text", str(error))
            return self._page(request, erasure, comment_form=form)
        messages.success(request, _("The comment is added."))
        return redirect(CHANGE, pk)

    @method_decorator(require_GET)
    def progress_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Answer with the progress alone; tell the page to load anew when the state changed."""
        self._check(request, "erasure.view_erasurerequest")
        erasure = get_object_or_404(ErasureRequest, pk=pk)
        response = TemplateResponse(request, f"{FOLDER}/progress.html", progress_context(erasure))
        if request.GET.get("state") != erasure.state:
            response["HX-Refresh"] = "true"
        return response

    def _page(
        self,
        request: HttpRequest,
        erasure: ErasureRequest,
        *,
        identifier: str = "",
        comment_form: CommentForm | None = None,
    ) -> TemplateResponse:
        impact = impacts.impact_for(erasure, request.user)
        steps = steps_for(erasure, request.user)
        values = {
            "title": _("Request %(number)s") % {"number": number_of(erasure)},
            "identifier": identifier,
            "colour": STATE_COLOURS[erasure.state],
            "is_open": is_open(erasure),
            "time_left": time_left(erasure),
            "steps": steps,
            "reopens": not is_open(erasure) and request.user.has_perm("erasure.add_erasurerequest"),
            "assign_step": STEPS["assign"] if STEPS["assign"] in steps else None,
            "asked": page.asked_facts(erasure, request.user),
            "clock": page.clock_facts(erasure),
            "restriction": page.restriction_facts(erasure),
            "untold": page.untold_words(erasure),
            "impact": impact,
            "nothing": impact is not None and impacts.is_nothing(impact),
            "impact_facts": impacts.impact_facts(impact) if impact else [],
            "endorsements": endorsement_facts(erasure, request.user),
            "answer": page.answer_facts(erasure),
            "releases": page.erased_facts(erasure),
            "comments": comments(erasure) if request.user.has_perm("erasure.view_comment") else [],
            "comment_form": comment_form or CommentForm(),
            "history": history(erasure),
            "certificate": getattr(erasure, "certificate", None),
            **progress_context(erasure),
        }
        context = self._context(request, **values)
        return TemplateResponse(request, f"{FOLDER}/page.html", context)
