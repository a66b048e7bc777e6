"""Links from the controller's logged-in page: the controller says who it is that comes.

The link's token is made by the controller's own system with the hand-off key: a Fernet token
(AES-128-CBC with HMAC-SHA256, and a time) of `{"subject": …, "id": …}`. So an address that stands
in somebody's log names nobody, and whoever finds it later can do nothing with it.
"""

import base64
import json
import uuid
from dataclasses import dataclass

from cryptography.fernet import Fernet, InvalidToken
from django.utils.translation import gettext as _

from compliance.erasure.errors import StepError
from compliance.keyring import Key, keyed_digest, secret

LIFE_SECONDS = 600
LONGEST_SUBJECT = 200


class HandOffError(StepError):
    """The link is none of the controller's, or too old."""

    def __init__(self) -> None:
        super().__init__(
            _("This link is not valid any more. Go back to your account and follow it again.")
        )


@dataclass(frozen=True)
class HandOff:
    """Who comes, and the id of the one request that the link can make."""

    subject: str
    request_id: uuid.UUID


def hand_off_key() -> str:
    """Return the key as the controller's system takes it: 32 bytes in URL-safe base64."""
    return base64.urlsafe_b64encode(secret(Key.HAND_OFF)).decode()


def hand_off_read(token: str) -> HandOff:
    """Return who comes. Raise `HandOffError` for a token that is forged, too old or no token.

    The same link gives the same request id, so following it twice makes one request.
    """
    try:
        content = json.loads(Fernet(hand_off_key()).decrypt(token.encode(), ttl=LIFE_SECONDS))
        subject, link_id = content["subject"], content["id"]
    except (InvalidToken, ValueError, KeyError, TypeError):
        raise HandOffError from None
    if not _is_text(subject, LONGEST_SUBJECT) or not _is_text(link_id, 100):
        raise HandOffError
    digest = keyed_digest(Key.HAND_OFF, "request", subject, link_id)
    return HandOff(subject, uuid.UUID(bytes=digest[:16], version=4))


def _is_text(value: object, longest: int) -> bool:
    return isinstance(value, str) and 0 < len(value) <= longest and value.isprintable()
