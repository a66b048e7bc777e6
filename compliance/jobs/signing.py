"""The secret of an endpoint and the signature that it makes: Standard Webhooks, version 1."""

import base64
import hmac
import secrets
from hashlib import sha256

PREFIX = "whsec_"


def secret_generate() -> str:
    """Return a fresh secret of 256 bits, as receivers store it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signature(secret: str, *, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the value of the header `webhook-signature`."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, sha256)).decode()
