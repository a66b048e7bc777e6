"""People whom the controller's logged-in page has sent: it says who they are."""

import uuid

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from compliance.erasure.clock import due_on
from compliance.erasure.filing import Filing, OtherRequestError, request_file
from compliance.erasure.handing_off import LIFE_SECONDS, HandOff, HandOffError, hand_off_read
from compliance.erasure.links import status_path
from compliance.erasure.models import Channel, ErasureRequest, Ground, IdentityMethod
from compliance.erasure.services.receiving import Origin
from compliance.portal.asking import SUBJECT
from compliance.portal.forms import HandOffForm
from compliance.portal.pages import address_wait, message, page_render, portal_page, too_often


@portal_page
@require_http_methods(["GET", "HEAD", "POST"])
def hand_off(request: HttpRequest) -> HttpResponseBase:
    """Show what will happen; only the POST files a request, once for each link.

    The link is a key to the request's page for the browser that had it before it was used. To any
    other it is used up: whoever finds it afterwards, in a history or a forwarded mail, learns that.
    """
    token = (request.POST if request.method == "POST" else request.GET).get("token", "")
    try:
        comer = hand_off_read(token)
    except HandOffError as error:
        return message(request, _("This link is not valid"), str(error), status=410)
    if not _had_it_in_time(request, comer):
        return _used_up(request)
    form = HandOffForm(request.POST if request.method == "POST" else None, initial={"token": token})
    if form.is_valid():
        wait = address_wait(request)
        return too_often(request, wait) if wait else _follow(request, form, comer)
    context = {
        "form": form,
        "due": due_on(timezone.now(), timezone.get_default_timezone()),
        "here": f"{request.path}?token={token}",
    }
    response = page_render(request, "hand_off", context, status=400 if form.is_bound else 200)
    _mark(response, comer)
    return response


def _had_it_in_time(request: HttpRequest, comer: HandOff) -> bool:
    """Tell whether the link is unused, or was opened by this browser before it was used."""
    opened = request.get_signed_cookie(_mark_name(comer), default="", max_age=LIFE_SECONDS)
    return bool(opened) or not ErasureRequest.objects.filter(pk=comer.request_id).exists()


def _mark(response: HttpResponse, comer: HandOff) -> None:
    """Let this browser be known again while the link is good: who sends twice sees the request."""
    response.set_signed_cookie(
        _mark_name(comer),
        "opened",
        max_age=LIFE_SECONDS,
        path=reverse("portal-hand-off"),
        secure=settings.CSRF_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _mark_name(comer: HandOff) -> str:
    return f"hand_off_{comer.request_id.hex}"


def _used_up(request: HttpRequest) -> HttpResponseBase:
    return message(
        request,
        _("This link has been used"),
        _(
            "A request was sent with it. Its page is at the address that was shown then, which "
            "stands in every mail about the request too."
        ),
        _("For a further request go back to your account and follow the link anew."),
        status=410,
        link=reverse("portal-lost"),
        link_words=_("Have the address mailed again"),
    )


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
