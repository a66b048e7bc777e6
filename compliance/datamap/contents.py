"""What stands in a cell once it is opened: decrypted, decoded, taken out of its envelope."""

import base64
import json
from collections.abc import Callable, Iterator

from django.contrib.sessions.backends.db import SessionStore

from compliance.sealing import unseal

Opener = Callable[[bytes], list[bytes]]


def sealed(cell: bytes) -> list[bytes]:
    """Decrypt; raise `cryptography.fernet.InvalidToken` under another key."""
    return [unseal(cell)]


def message(cell: bytes) -> list[bytes]:
    """Decrypt a message of the outbox; the body of a call is in base64 there."""
    clear = unseal(cell)
    body = json.loads(clear).get("body", "")
    return [clear, base64.b64decode(body)]


def session(cell: bytes) -> list[bytes]:
    """Decode a session's data; what was signed with another key decodes to nothing."""
    return [json.dumps(SessionStore().decode(cell.decode()), default=str).encode()]


def envelope(cell: bytes) -> list[bytes]:
    """Take a certificate's statement out of its DSSE envelope."""
    return [cell, base64.b64decode(json.loads(cell)["payload"])]


OPENERS: dict[tuple[str, str], Opener] = {
    ("jobs_outboxmessage", "payload"): message,
    ("django_session", "session_data"): session,
    ("evidence_certificate", "envelope"): envelope,
}


def texts_of(opened: list[bytes]) -> Iterator[str]:
    """Yield contents as text to look in, without regard to case."""
    for part in opened:
        yield part.decode(errors="replace").lower()
