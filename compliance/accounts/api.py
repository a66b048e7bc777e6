"""What all endpoints of the API have in common."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from compliance.accounts.api_errors import Conflict
from compliance.accounts.models import ApiClient
from compliance.accounts.parsers import StrictJsonParser
from compliance.accounts.scopes import Scope


class ApiView(APIView):
    """An endpoint. `scopes` names the scope for each method, or several of which one is enough;
    `conflicts` what answers 409.
    """

    http_method_names = ["get", "post", "head"]
    parser_classes = [StrictJsonParser]
    scopes: Mapping[str, Scope | tuple[Scope, ...]] = {}
    conflicts: tuple[type[Exception], ...] = ()

    def check_permissions(self, request: Request) -> None:
        """Say 405 before 403: no scope would help where there is no such method."""
        if request.method not in self.allowed_methods:
            self.http_method_not_allowed(request)
        super().check_permissions(request)

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, self.conflicts):
            exc = self.conflict(exc)
        return super().handle_exception(exc)

    def conflict(self, error: Exception) -> Conflict:
        """Return the problem that one of `conflicts` is."""
        return Conflict(str(error))


def client_of(request: Request) -> ApiClient:
    """Return the client that calls; views are reached with one only."""
    assert isinstance(request.user, ApiClient)
    return request.user


def validated(serializer: serializers.BaseSerializer[Any]) -> dict[str, Any]:
    """Return the valid data, or raise the 400."""
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def asked(serializer: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    """Return the valid parameters of the address, or raise the 400. Each may stand there once."""
    values = validated(serializer(data=request.query_params.dict()))
    often = [name for name, given in request.query_params.lists() if len(given) > 1]
    if often:
        raise ValidationError({name: ["Give it once."] for name in often})
    return values
