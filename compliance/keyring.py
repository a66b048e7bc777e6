"""The symmetric keys. They live in files outside the database, so that no dump of it holds one.

Each key has one purpose; losing or leaking one says nothing about another. `manage.py create_keys`
makes those that are missing.
"""

import hmac
import re
import secrets
from enum import StrEnum
from functools import cache
from hashlib import sha256
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from compliance.canonical import bytes_digest
from compliance.environment import write_once


class Key(StrEnum):
    """A purpose that has a key of its own."""

    BLIND_INDEX = "blind-index"  # finds a request by the subject's identifier
    IDENTITY = "identity"  # encrypts the identifier in a request
    SUPPRESSION = "suppression"  # recognises an erased subject's old records
    LINK = "link"  # makes the addresses of status pages, and the digests of codes
    HAND_OFF = "hand-off"  # signs links from the controller's logged-in page; it has it too
    COMMITMENT = "commitment"  # commits to records in training manifests


def key_path(key: Key) -> Path:
    """Return the file that holds `key`."""
    return Path(settings.KEYS_DIR) / f"{key}.key"


def create(key: Key) -> bool:
    """Write a fresh 256-bit key, readable by the owner alone; False if there is one already."""
    return write_once(key_path(key), secrets.token_hex(32) + "\n")


@cache
def secret(key: Key) -> bytes:
    """Return the 32 bytes of `key`; `ImproperlyConfigured` says how to make a missing one."""
    path = key_path(key)
    try:
        text = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        raise ImproperlyConfigured(
            f"The key file {path} is missing. Restore it from your key back-up, or run "
            "`manage.py create_keys` on a new installation."
        ) from None
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise ImproperlyConfigured(f"The key file {path} must hold 64 hexadecimal digits.")
    return bytes.fromhex(text)


def keyed_digest(key: Key, *parts: str) -> bytes:
    """Return `parts_hmac` under the installation's own `key`."""
    return parts_hmac(secret(key), *parts)


def parts_hmac(key: bytes, *parts: str) -> bytes:
    """Return HMAC-SHA256 over `parts`, each with its length so that no two lists read alike."""
    mac = hmac.new(key, digestmod=sha256)
    for part in parts:
        data = part.encode()
        mac.update(len(data).to_bytes(8, "little") + data)
    return mac.digest()


def key_digest(key: Key) -> str:
    """Return a name for `key` that says nothing about it: a digest of an HMAC under it."""
    return bytes_digest(keyed_digest(key, "the name of this key"))
