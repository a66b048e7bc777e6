"""What an API client may do: the scope that a view names."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from compliance.accounts.models import ApiClient
from compliance.accounts.scopes import Scope

if TYPE_CHECKING:  # it imports the settings that name this module
    from rest_framework.views import APIView


class HasScope(BasePermission):
    """The client's key must carry a scope of the view's `scopes`, looked up by method.

    Where there are several, one of them is enough. A view without an entry for the method is open
    to nobody.
    """

    def has_permission(self, request: Request, view: "APIView") -> bool:
        client, accepted = request.user, accepted_scopes(request.method, view)
        if not isinstance(client, ApiClient) or not accepted:
            return False
        self.message = f"This call needs the scope {' or '.join(accepted)}."
        return not set(client.scopes).isdisjoint(accepted)


def accepted_scopes(method: str | None, view: "APIView | type[APIView]") -> tuple[str, ...]:
    """Return the scopes of which the view asks for one, for this method."""
    scopes: Mapping[str, Scope | tuple[Scope, ...]] = getattr(view, "scopes", {})
    accepted = scopes.get(method or "", ())
    return tuple(one.value for one in ((accepted,) if isinstance(accepted, Scope) else accepted))
