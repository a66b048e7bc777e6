"""Whom and what a request is about: encrypted in it; the subject is found by a keyed index."""

import json

from compliance.canonical import canonical_json
from compliance.erasure.models import ErasureRequest
from compliance.keyring import Key, keyed_digest
from compliance.records.scope import EVERYTHING, Scope
from compliance.sealing import seal, unseal


def identity_encrypt(external_id: str) -> bytes:
    """Encrypt an identifier."""
    return seal(external_id)


class IdentityGoneError(Exception):
    """The request no longer holds an identifier: it has been answered."""


def identity_decrypt(ciphertext: bytes | memoryview | None) -> str:
    """Return the identifier; raise `cryptography.fernet.InvalidToken` under another key."""
    if ciphertext is None:
        raise IdentityGoneError
    return unseal(ciphertext).decode()


def identity_index(external_id: str) -> bytes:
    """Return the keyed digest by which requests of one identifier are found."""
    return keyed_digest(Key.BLIND_INDEX, external_id)


def scope_encrypt(scope: Scope) -> bytes | None:
    """Encrypt a scope with the identity key; everything needs no words."""
    return None if scope == EVERYTHING else seal(canonical_json(scope.to_json()))


def scope_decrypt(ciphertext: bytes | memoryview | None) -> Scope:
    """Return the scope; raise `cryptography.fernet.InvalidToken` under another key."""
    if ciphertext is None:
        return EVERYTHING
    return Scope.from_json(json.loads(unseal(ciphertext)))


def request_scope(request: ErasureRequest) -> Scope:
    """Return what goes or has gone: the part that was approved, or all that was asked for."""
    return scope_decrypt(request.decided_scope or request.scope)
