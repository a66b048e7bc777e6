"""API keys in the Authorization header (RFC 6750 bearer syntax)."""

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from compliance.accounts.models import ApiClient
from compliance.accounts.services import client_authenticate


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer lethe_…`. The request's user is the ApiClient."""

    def authenticate(self, request: Request) -> tuple[ApiClient, None] | None:
        parts = get_authorization_header(request).split()
        if not parts or parts[0].lower() != b"bearer":
            return None
        key = parts[1].decode("ascii", "replace") if len(parts) == 2 else ""
        client = client_authenticate(key)
        if client is None:
            raise AuthenticationFailed("The API key is unknown, expired or revoked.")
        return client, None

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="lethe"'


class ApiKeyScheme(OpenApiAuthenticationExtension):
    """How the OpenAPI description shows the key."""

    target_class = ApiKeyAuthentication
    name = "apiKey"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "An API key, made by `manage.py create_api_client`.",
        }
