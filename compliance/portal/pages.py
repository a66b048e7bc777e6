"""How every page of the portal leaves the house: with which headers, how often, how fast."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from time import monotonic, sleep
from typing import Any, TypeVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from compliance.accounts.addresses import client_address
from compliance.accounts.throttling import throttle_hit

Response = TypeVar("Response", bound=HttpResponseBase)
View = Callable[..., HttpResponseBase]

PER_SUBJECT = "portal request for subject"
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
    # An address of a status page is a key. Other sites see nothing of it; with `no-referrer`
    # browsers would send no origin with a form, and the protection against forged forms needs it.
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
}
# Pages that one address may call in ten minutes.
PAGES, PAGES_SECONDS = 300, 600
HOUR, DAY = 3600, 86_400
# Answers to those who ask leave on this beat, in seconds: no clock tells who is known here.
BEAT = 0.4


def portal_page(view: View) -> View:
    """Count the call by address, and send the answer with our headers."""

    @wraps(view)
    def page(request: HttpRequest, **values: Any) -> HttpResponseBase:
        who = client_address(request)
        wait = throttle_hit("portal page", who, limit=PAGES, seconds=PAGES_SECONDS)
        return too_often(request, wait) if wait else guarded(view(request, **values))

    return page


def on_the_beat(view: View) -> View:
    """Answer a POST after the same time, whatever there was to do."""

    @wraps(view)
    def page(request: HttpRequest, **values: Any) -> HttpResponseBase:
        if request.method != "POST":
            return view(request, **values)
        begun = monotonic()
        response = view(request, **values)
        sleep(BEAT - (monotonic() - begun) % BEAT)
        return response

    return page


def asking_wait(request: HttpRequest, subject: str) -> int | None:
    """Count a request by address and by subject; return the seconds to wait, if any.

    The subject is counted whether it is known or not, and only as a keyed digest.
    """
    return address_wait(request) or throttle_hit(
        PER_SUBJECT,
        subject,
        limit=settings.PORTAL_REQUESTS_PER_SUBJECT,
        seconds=DAY,
    )


def address_wait(request: HttpRequest) -> int | None:
    """Count a request by address alone: who is known to be the person waits for no stranger."""
    return throttle_hit(
        "portal request from address",
        client_address(request),
        limit=settings.PORTAL_REQUESTS_PER_ADDRESS,
        seconds=HOUR,
    )


def page_render(
    request: HttpRequest, name: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """Render `templates/portal/<name>.html` with what stands on every page."""
    shared = {
        "controller": settings.CONTROLLER_NAME,
        "privacy_contact": settings.PRIVACY_CONTACT,
        "privacy_url": settings.PRIVACY_URL,
        "here": request.get_full_path(),
    }
    return render(request, f"portal/{name}.html", shared | context, status=status)


def message(
    request: HttpRequest, title: str, *lines: str, status: int, **context: Any
) -> HttpResponse:
    """Return a page that says one thing, with our headers."""
    context |= {"title": title, "lines": lines}
    return guarded(page_render(request, "message", context, status=status))


def too_often(request: HttpRequest, wait: int) -> HttpResponse:
    """Return the page for those who have to wait, and nothing else was done."""
    at = timezone.localtime(timezone.now() + timedelta(seconds=wait, minutes=1))
    response = message(
        request,
        _("Please wait"),
        _("This was tried too often, from here or for the same person. Nothing was done."),
        _("Try again on %(day)s after %(time)s.")
        % {"day": date_format(at), "time": date_format(at, "H:i T")},
        status=429,
    )
    response.headers["Retry-After"] = str(wait)
    return response


def guarded(response: Response) -> Response:
    """Put our headers on a response."""
    for name, value in HEADERS.items():
        response.headers[name] = value
    return response
