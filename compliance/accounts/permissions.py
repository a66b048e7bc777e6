"""What an API client may do: the scope that a view names."""

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from compliance.accounts.models import ApiClient
from compliance.accounts.scopes import Scope

if TYPE_CHECKING:  # it imports the settings that name this module
    from rest_framework.views import APIView


class HasScope(BasePermission):
    """The client's key must carry the scope in the view's `scopes`, looked up by method.

    A view without an entry for the method is open to nobody.
    """

    def has_permission(self, request: Request, view: "APIView") -> bool:
        client, scope = request.user, required_scope(request, view)
        if not isinstance(client, ApiClient) or scope is None:
            return False
        self.message = f"This call needs the scope {scope.value}."
        return scope.value in client.scopes


def required_scope(request: Request, view: "APIView") -> Scope | None:
    """Return the scope that the view asks for the request's method."""
    scopes: dict[str, Scope] = getattr(view, "scopes", {})
    return scopes.get(request.method or "")
