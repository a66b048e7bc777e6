"""Errors outside any view: problems under /api/, pages of their own in the admin and the portal."""

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views import defaults

from compliance.accounts.problems import problem_page
from compliance.portal import errors


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Answer 400."""
    if _is_api(request):
        return problem_page(400, "bad_request", "Bad Request")
    if _is_admin(request):
        words = _("The address or the form holds what cannot be read. Go back and try again.")
        return _page(request, _("We do not understand this"), words, status=400)
    return errors.bad_request(request)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    """Answer 403 to a form that is not from a page of ours."""
    if _is_admin(request):
        words = _("Nothing was done. Open the page anew and try again; cookies have to be allowed.")
        return _page(request, _("This form is out of date"), words, status=403)
    return errors.forged(request)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Answer 403 to somebody whose role does not do."""
    if _is_admin(request):
        words = _("Your role does not do this. Ask an administrator if it should.")
        return _page(request, _("This is not open to you"), words, status=403)
    return defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Answer 404."""
    if _is_api(request):
        return problem_page(404, "not_found", "Not Found")
    if _is_admin(request):
        words = _("No page has this address, or what it was about is not kept any more.")
        return _page(request, _("There is nothing here"), words, status=404)
    return errors.not_found(request)


def server_error(request: HttpRequest) -> HttpResponseBase:
    """Answer 500."""
    if _is_api(request):
        return problem_page(500, "error", "Internal Server Error")
    if _is_admin(request):
        words = _(
            "The log of the web server says what. Look whether your step was done before you "
            "repeat it; manage.py doctor tells what is wrong with the installation."
        )
        return _page(request, _("Something went wrong here"), words, status=500)
    return errors.server_error(request)


def _page(request: HttpRequest, title: str, words: str, *, status: int) -> HttpResponse:
    """Render a page of the admin; where it may not be known who asks, nobody is asked for."""
    plain = {"site_title": settings.UNFOLD["SITE_TITLE"]}
    shared = admin.site.each_context(request) if status in (403, 404) else plain
    context = shared | {"title": title, "words": words}
    return render(request, "admin/lethe/error.html", context, status=status)


def _is_api(request: HttpRequest) -> bool:
    return request.path_info.startswith("/api/")


def _is_admin(request: HttpRequest) -> bool:
    return request.path_info.startswith("/admin/")
