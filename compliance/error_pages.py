"""Errors outside any view: problems under /api/, plain pages in the admin, the portal's pages."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views import defaults
from django.views.csrf import csrf_failure as plain_csrf_failure

from compliance.accounts.problems import problem_page
from compliance.portal import errors


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Answer 400."""
    if _is_api(request):
        return problem_page(400, "bad_request", "Bad Request")
    if _is_admin(request):
        return defaults.bad_request(request, exception)
    return errors.bad_request(request)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    """Answer 403 to a form that is not from a page of ours."""
    if _is_admin(request):
        return plain_csrf_failure(request, reason)
    return errors.forged(request)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Answer 404."""
    if _is_api(request):
        return problem_page(404, "not_found", "Not Found")
    if _is_admin(request):
        return defaults.page_not_found(request, exception)
    return errors.not_found(request)


def server_error(request: HttpRequest) -> HttpResponseBase:
    """Answer 500."""
    if _is_api(request):
        return problem_page(500, "error", "Internal Server Error")
    if _is_admin(request):
        return defaults.server_error(request)
    return errors.server_error(request)


def _is_api(request: HttpRequest) -> bool:
    return request.path_info.startswith("/api/")


def _is_admin(request: HttpRequest) -> bool:
    return request.path_info.startswith("/admin/")
