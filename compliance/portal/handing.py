"""People whom the controller's logged-in page has sent: it says who they are."""

import uuid

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from compliance.erasure.clock import due_on
from compliance.erasure.filing import Filing, OtherRequestError, request_file
from compliance.erasure.handing_off import HandOff, HandOffError, hand_off_read
from compliance.erasure.links import status_path
from compliance.erasure.models import Channel, Ground, IdentityMethod
from compliance.erasure.services.receiving import Origin
from compliance.portal.asking import SUBJECT
from compliance.portal.forms import HandOffForm
from compliance.portal.pages import address_wait, message, page_render, portal_page, too_often


@portal_page
@require_http_methods(["GET", "HEAD", "POST"])
def hand_off(request: HttpRequest) -> HttpResponseBase:
    """Show what will happen; only the POST files a request, once for each link."""
    token = (request.POST if request.method == "POST" else request.GET).get("token", "")
    try:
        comer = hand_off_read(token)
    except HandOffError as error:
        return message(request, _("This link is not valid"), str(error), status=410)
    form = HandOffForm(request.POST if request.method == "POST" else None, initial={"token": token})
    if form.is_valid():
        wait = address_wait(request)
        return too_often(request, wait) if wait else _follow(request, form, comer)
    context = {
        "form": form,
        "due": due_on(timezone.now(), timezone.get_default_timezone()),
        "here": f"{request.path}?token={token}",
    }
    return page_render(request, "hand_off", context, status=400 if form.is_bound else 200)


def _follow(request: HttpRequest, form: HandOffForm, comer: HandOff) -> HttpResponseBase:
    try:
        return redirect(status_path(_file(form, comer)))
    except OtherRequestError:
        return message(
            request,
            _("This link has been used"),
            _(
                "It has made a request already, of another content. For a further one go back to "
                "your account and follow the link anew."
            ),
            status=409,
            link=status_path(comer.request_id),
            link_words=_("See the request"),
        )


def _file(form: HandOffForm, comer: HandOff) -> uuid.UUID:
    filing = Filing(
        comer.subject,
        Ground(form.cleaned_data["ground"]),
        Channel.PORTAL,
        identity=IdentityMethod.HAND_OFF,
        scope=form.wanted(),
        origin=Origin(language=get_language() or ""),
    )
    request, _is_new = request_file(filing, request_id=comer.request_id, actor=SUBJECT)
    return request.pk
