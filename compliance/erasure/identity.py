"""Whom and what a request is about: encrypted in it; the subject is found by a keyed index."""

import base64
import json

from cryptography.fernet import Fernet

from compliance.canonical import canonical_json
from compliance.keyring import Key, keyed_digest, secret
from compliance.records.scope import EVERYTHING, Scope


def identity_encrypt(external_id: str) -> bytes:
    """Encrypt an identifier with the identity key (Fernet: AES-128-CBC with HMAC-SHA256)."""
    return _cipher().encrypt(external_id.encode())


class IdentityGoneError(Exception):
    """The request no longer holds an identifier: it has been answered."""


def identity_decrypt(ciphertext: bytes | memoryview | None) -> str:
    """Return the identifier; raise `cryptography.fernet.InvalidToken` under another key."""
    if ciphertext is None:
        raise IdentityGoneError
    return _cipher().decrypt(bytes(ciphertext)).decode()


def identity_index(external_id: str) -> bytes:
    """Return the keyed digest by which requests of one identifier are found."""
    return keyed_digest(Key.BLIND_INDEX, external_id)


def scope_encrypt(scope: Scope) -> bytes | None:
    """Encrypt a scope with the identity key; everything needs no words."""
    return None if scope == EVERYTHING else _cipher().encrypt(canonical_json(scope.to_json()))


def scope_decrypt(ciphertext: bytes | memoryview | None) -> Scope:
    """Return the scope; raise `cryptography.fernet.InvalidToken` under another key."""
    if ciphertext is None:
        return EVERYTHING
    return Scope.from_json(json.loads(_cipher().decrypt(bytes(ciphertext))))


def _cipher() -> Fernet:
    return Fernet(base64.urlsafe_b64encode(secret(Key.IDENTITY)))
