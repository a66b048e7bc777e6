"""What all calls of the protocol have in common: two headers, and one shape of errors."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from compliance.accounts.api import ApiView
from compliance.accounts.api_errors import Unavailable
from compliance.opendsr.errors import CONTENT_TYPE, error_response
from compliance.opendsr.keys import Signer, SignerError, signer


class OpenDsrView(ApiView):
    """Signs whatever it answers. The protocol describes itself: it is not in our OpenAPI."""

    schema = None
    http_method_names = ["get"]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Do nothing where nothing can be signed, for those who may call."""
        super().initial(request, *args, **kwargs)
        self.signer()

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = super().dispatch(request, *args, **kwargs)
        try:
            headers = signer().headers(getattr(response, "content", b""))
        except SignerError:  # then it is an error that says so, or one that came before
            return response
        for name, value in headers.items():
            response.headers[name] = value
        return response

    def signer(self) -> Signer:
        """Return what signs, or raise the 503."""
        try:
            return signer()
        except SignerError as error:
            raise Unavailable(str(error)) from None

    def get_exception_handler(self) -> Callable[..., HttpResponse]:
        return error_response


def answer(body: bytes, *, status: int = 200, content_type: str = CONTENT_TYPE) -> HttpResponse:
    """Return a body as it is, to be kept by nobody on the way."""
    headers = {"Cache-Control": "no-store"}
    return HttpResponse(body, status=status, content_type=content_type, headers=headers)
