"""Errors outside any view: problems under /api/, Django's plain pages elsewhere."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views import defaults

from compliance.accounts.problems import problem_page


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Answer 400."""
    if _is_api(request):
        return problem_page(400, "bad_request", "Bad Request")
    return defaults.bad_request(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Answer 404."""
    if _is_api(request):
        return problem_page(404, "not_found", "Not Found")
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponseBase:
    """Answer 500."""
    if _is_api(request):
        return problem_page(500, "error", "Internal Server Error")
    return defaults.server_error(request)


def _is_api(request: HttpRequest) -> bool:
    return request.path_info.startswith("/api/")
