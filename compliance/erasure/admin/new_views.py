"""File a request that came by letter or telephone, also one that reopens another."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _

from compliance.erasure.admin.base import CHANGE, FOLDER, ReviewAdmin, actor_of
from compliance.erasure.admin.new_form import NewRequestForm
from compliance.erasure.admin.words import is_open, number_of
from compliance.erasure.filing import OtherRequestError, request_file
from compliance.erasure.models import ErasureRequest

MAY_FILE = ("erasure.view_erasurerequest", "erasure.add_erasurerequest")


class NewViews(ReviewAdmin):
    """The form of a new request."""

    def get_urls(self) -> list[URLPattern]:
        name = "erasure_erasurerequest"
        wrap = self.admin_site.admin_view
        return [
            path("new/", wrap(self.new_view), name=f"{name}_new"),
            path("<uuid:pk>/reopen/", wrap(self.reopen_view), name=f"{name}_reopen"),
            *super().get_urls(),
        ]

    def new_view(self, request: HttpRequest) -> HttpResponse:
        """Take in a request that came by letter, by telephone or in person."""
        return self._new(request, None)

    def reopen_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Take in a request that takes up one that has ended, after a complaint for instance."""
        self._check(request, *MAY_FILE)
        return self._new(request, get_object_or_404(ErasureRequest, pk=pk))

    def _new(self, request: HttpRequest, reopened: ErasureRequest | None) -> HttpResponse:
        self._check(request, *MAY_FILE)
        if reopened and is_open(reopened):
            messages.error(request, _("This request is open. Only one that has ended is reopened."))
            return redirect(CHANGE, reopened.pk)
        initial = _taken_from(reopened) if reopened else {}
        form = NewRequestForm(request.POST if request.method == "POST" else None, initial=initial)
        if request.method == "POST" and form.is_valid():
            filed = self._file(request, form)
            if filed:
                return redirect(CHANGE, filed.pk)
        title = _("New erasure request")
        if reopened:
            title = _("Reopen request %(number)s") % {"number": number_of(reopened)}
        values: dict[str, Any] = {
            "title": title,
            "form": form,
            "button_variant": "primary",
            "reopened": reopened,
        }
        return TemplateResponse(request, f"{FOLDER}/new.html", self._context(request, **values))

    def _file(self, request: HttpRequest, form: NewRequestForm) -> ErasureRequest | None:
        try:
            filed, created = request_file(
                form.filing(), request_id=form.cleaned_data["number"], actor=actor_of(request)
            )
        except OtherRequestError:
            form.add_error(
                None, _("This form has been sent already, with other words. Open it anew.")
            )
            return None
        again = _("The request was filed already: this form was sent twice.")
        messages.success(request, _("The request is filed. Its clock runs.") if created else again)
        return filed


def _taken_from(reopened: ErasureRequest) -> dict[str, Any]:
    """Return what a new request takes from the one it reopens; whom that was about is forgotten."""
    return {
        "reopens": reopened.pk,
        "ground": reopened.ground,
        "language": reopened.language,
    }
