"""The status page behind its unguessable link, and what can be done there."""

import uuid
from pathlib import Path

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from compliance.erasure.errors import TooManyCodesError
from compliance.erasure.links import status_path, token_is_valid
from compliance.erasure.models import ErasureRequest
from compliance.erasure.proving import code_check, code_send
from compliance.erasure.services import request_withdraw
from compliance.erasure.states import IllegalTransitionError, State
from compliance.evidence import verifier as verifier_module
from compliance.evidence.views import certificate_download
from compliance.portal.asking import SUBJECT
from compliance.portal.forms import CodeForm
from compliance.portal.pages import on_the_beat, page_render, portal_page
from compliance.portal.standing import can_cancel, standing_of

CODE_SENT = "code-sent"


@portal_page
@on_the_beat
@require_http_methods(["GET", "HEAD", "POST"])
def status(request: HttpRequest, request_id: uuid.UUID, token: str) -> HttpResponseBase:
    """Show how the request stands; take the code, or send another one."""
    erasure = _find(request_id, token)
    if request.method != "POST":
        return _show(request, erasure, CodeForm())
    try:
        return _send(request, erasure) if "resend" in request.POST else _check(request, erasure)
    except IllegalTransitionError:  # the identity is known by now, or the request has ended
        return redirect(status_path(erasure.pk))


@portal_page
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, request_id: uuid.UUID, token: str) -> HttpResponseBase:
    """Ask whether the request shall be taken back; only the POST does it."""
    erasure = _find(request_id, token)
    if request.method == "POST":
        return _cancel(request, erasure)
    if not can_cancel(erasure):
        return redirect(status_path(erasure.pk))
    return page_render(request, "cancel", {"back": status_path(erasure.pk)})


@portal_page
@require_safe
def certificate(request: HttpRequest, request_id: uuid.UUID, token: str) -> HttpResponseBase:
    """Hand out the certificate: the exact bytes that were signed."""
    erasure = _find(request_id, token)
    if not hasattr(erasure, "certificate"):
        raise Http404
    return certificate_download(erasure.certificate)


@portal_page
@require_safe
def verifier(request: HttpRequest) -> HttpResponseBase:
    """Hand out the one file that checks certificates offline."""
    source = Path(verifier_module.__file__).read_bytes()
    headers = {"Content-Disposition": 'attachment; filename="verifier.py"'}
    return HttpResponse(source, content_type="text/x-python; charset=utf-8", headers=headers)


def _find(request_id: uuid.UUID, token: str) -> ErasureRequest:
    """Return the request; a wrong token and an unknown id are answered alike."""
    if not token_is_valid(request_id, token):
        raise Http404
    erasure = ErasureRequest.objects.select_related("certificate").filter(pk=request_id).first()
    if erasure is None:
        raise Http404
    return erasure


def _show(
    request: HttpRequest,
    erasure: ErasureRequest,
    form: CodeForm,
    *,
    problem: str = "",
    code: int = 200,
) -> HttpResponse:
    context = {
        "standing": standing_of(erasure),
        "form": form,
        "problem": problem,
        "has_new_code": CODE_SENT in request.GET,
    }
    return page_render(request, "status", context, status=code)


def _check(request: HttpRequest, erasure: ErasureRequest) -> HttpResponseBase:
    form = CodeForm(request.POST)
    if form.is_valid():
        if code_check(request_id=erasure.pk, code=form.cleaned_data["code"], actor=SUBJECT):
            return redirect(status_path(erasure.pk))
        form.add_error(
            "code",
            _("This code is wrong or not good any more. After five wrong ones ask for a new one."),
        )
    return _show(request, erasure, form, code=400)


def _send(request: HttpRequest, erasure: ErasureRequest) -> HttpResponseBase:
    """Send another code, or say to nobody in particular that none was sent."""
    try:
        code_send(request_id=erasure.pk, actor=SUBJECT)
    except TooManyCodesError as error:
        return _show(request, erasure, CodeForm(), problem=str(error), code=429)
    return redirect(f"{status_path(erasure.pk)}?{CODE_SENT}")


def _cancel(request: HttpRequest, erasure: ErasureRequest) -> HttpResponseBase:
    try:
        request_withdraw(request_id=erasure.pk, actor=SUBJECT)
    except IllegalTransitionError:
        erasure = ErasureRequest.objects.select_related("certificate").get(pk=erasure.pk)
        if erasure.status is not State.CANCELLED:
            problem = _("The request cannot be taken back any more: it has been decided.")
            return _show(request, erasure, CodeForm(), problem=problem, code=409)
    return redirect(status_path(erasure.pk))
