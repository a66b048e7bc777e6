"""The limit of the API: how many calls a client may make in a minute."""

from typing import TYPE_CHECKING

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from compliance.accounts.api_errors import TooManyCalls
from compliance.accounts.models import ApiClient
from compliance.accounts.throttling import throttle_hit

if TYPE_CHECKING:  # it imports the settings that name this module
    from rest_framework.views import APIView


class ClientThrottle(BaseThrottle):
    """Counts the calls of one client over all its keys; calls without a key are not counted."""

    def allow_request(self, request: Request, view: "APIView") -> bool:
        client = request.user
        if not isinstance(client, ApiClient):
            return True
        limit = client.calls_per_minute or settings.API_CALLS_PER_MINUTE
        wait = throttle_hit("api", str(client.pk), limit=limit, seconds=60)
        if wait is not None:
            raise TooManyCalls(limit=limit, wait=wait)
        return True
