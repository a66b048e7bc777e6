"""Ask for erasure, or for a link that is lost. Known and unknown people get the same answers."""

import uuid

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods

from compliance.erasure.clock import due_on
from compliance.erasure.filing import Filing, request_file
from compliance.erasure.links import status_path
from compliance.erasure.models import Channel, Ground
from compliance.erasure.proving import code_send
from compliance.erasure.reminding import links_send
from compliance.erasure.services.receiving import Origin
from compliance.keyring import Key, keyed_digest
from compliance.portal.forms import AskForm, WhoForm
from compliance.portal.pages import (
    asking_wait,
    on_the_beat,
    page_render,
    portal_page,
    too_often,
)

SUBJECT = "subject:"


@portal_page
@on_the_beat
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponseBase:
    """Show the form; file what was asked, send a code and go on to the status page."""
    form = AskForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        wait = asking_wait(request, form.cleaned_data["subject"])
        return too_often(request, wait) if wait else redirect(status_path(_file(form)))
    due = due_on(timezone.now(), timezone.get_default_timezone())
    return page_render(
        request, "ask", {"form": form, "due": due}, status=400 if form.is_bound else 200
    )


@portal_page
@on_the_beat
@require_http_methods(["GET", "HEAD", "POST"])
def lost(request: HttpRequest) -> HttpResponseBase:
    """Mail the links of a person's open requests; the page itself never shows one."""
    form = WhoForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        status = 400 if form.is_bound else 200
        return page_render(request, "lost", {"form": form}, status=status)
    wait = asking_wait(request, form.cleaned_data["subject"])
    if wait:
        return too_often(request, wait)
    links_send(subject=form.cleaned_data["subject"])
    return page_render(request, "lost_sent", {})


def _file(form: AskForm) -> uuid.UUID:
    """File the request and send a code, once for a form that is sent twice."""
    filing = Filing(
        form.cleaned_data["subject"],
        Ground(form.cleaned_data["ground"]),
        Channel.PORTAL,
        scope=form.wanted(),
        origin=Origin(language=get_language() or ""),
    )
    request, is_new = request_file(filing, request_id=_request_id(form), actor=SUBJECT)
    if is_new:
        code_send(request_id=request.pk, actor=SUBJECT)
    return request.pk


def _request_id(form: AskForm) -> uuid.UUID:
    """Return an id that nobody can choose: it must lead to no request of another."""
    content = [str(form.cleaned_data[name]) for name in sorted(form.fields)]
    return uuid.UUID(bytes=keyed_digest(Key.LINK, "ask", *content)[:16], version=4)
