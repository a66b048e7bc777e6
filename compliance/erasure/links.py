"""The address of a request's status page: nobody can guess it, and it names nobody."""

import base64
import hmac
import uuid

from django.conf import settings
from django.urls import reverse

from compliance.keyring import Key, keyed_digest


def status_token(request_id: uuid.UUID) -> str:
    """Return the 256 bits that open the status page of a request."""
    digest = keyed_digest(Key.LINK, "status", str(request_id))
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def token_is_valid(request_id: uuid.UUID, token: str) -> bool:
    """Tell whether `token` opens the status page. Takes constant time."""
    return hmac.compare_digest(status_token(request_id).encode(), token.encode())


def status_path(request_id: uuid.UUID) -> str:
    """Return the path of the status page."""
    return reverse("portal-status", args=[request_id, status_token(request_id)])


def status_url(request_id: uuid.UUID) -> str:
    """Return the whole address, for mails."""
    return settings.PUBLIC_URL.rstrip("/") + status_path(request_id)
