"""Find requests by number, or by the exact identifier of whom they are about.

Both are POSTs: what is looked for never stands in an address, a history or a log.
"""

from uuid import UUID

from django.contrib import messages
from django.contrib.admin.models import CHANGE as CHANGED
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from compliance.erasure.admin.base import CHANGE, FOLDER, QUEUE, ReviewAdmin, actor_of
from compliance.erasure.admin.words import STATE_COLOURS, time_left
from compliance.erasure.models import ErasureRequest
from compliance.erasure.services import requests_of


class SearchViews(ReviewAdmin):
    """The two ways to find a request."""

    def get_urls(self) -> list[URLPattern]:
        name = "erasure_erasurerequest"
        wrap = self.admin_site.admin_view
        return [
            path("find/", wrap(self.find_view), name=f"{name}_find"),
            path("find-person/", wrap(self.find_person_view), name=f"{name}_find_person"),
            *super().get_urls(),
        ]

    @method_decorator(require_POST)
    def find_view(self, request: HttpRequest) -> HttpResponse:
        """Go to the request with exactly the number in the form."""
        self._check(request, "erasure.view_erasurerequest")
        number = _uuid(request.POST.get("number", ""))
        erasure = ErasureRequest.objects.filter(pk=number).first() if number else None
        if erasure is None:
            messages.warning(request, _("There is no request with exactly this number."))
            return redirect(QUEUE)
        return redirect(CHANGE, erasure.pk)

    @method_decorator(require_POST)
    def find_person_view(self, request: HttpRequest) -> HttpResponse:
        """List the open requests of the subject with exactly this identifier; note the look-up."""
        self._check(request, "erasure.view_erasurerequest", "erasure.view_identity")
        identifier = request.POST.get("identifier", "")
        found = requests_of(external_id=identifier, actor=actor_of(request)) if identifier else []
        self._note(request, len(found))
        if not found:
            messages.warning(request, _("No open request is about exactly this identifier."))
            return redirect(QUEUE)
        if len(found) == 1:
            return redirect(CHANGE, found[0].pk)
        rows = [(one, STATE_COLOURS[one.state], time_left(one)) for one in found]
        values = self._context(request, title=_("Requests of one person"), rows=rows)
        response = TemplateResponse(request, f"{FOLDER}/found.html", values)
        response["Cache-Control"] = "no-store"
        return response

    def _note(self, request: HttpRequest, found: int) -> None:
        """Keep that somebody looked a person up, also where nothing was found."""
        LogEntry.objects.create(
            user_id=str(request.user.pk),
            content_type=ContentType.objects.get_for_model(ErasureRequest),
            object_repr="search by identifier",
            action_flag=CHANGED,
            change_message=f"Looked a person up by its identifier: {found} found.",
        )


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text.strip())
    except ValueError:
        return None
