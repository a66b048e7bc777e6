"""Personal data that has to stand in the database for a while stands there encrypted.

Fernet (AES-128-CBC with HMAC-SHA256) under the identity key, which no dump of the database holds.
"""

import base64

from cryptography.fernet import Fernet

from compliance.keyring import Key, secret


def seal(text: str | bytes) -> bytes:
    """Return `text` encrypted."""
    return _cipher().encrypt(text.encode() if isinstance(text, str) else text)


def unseal(sealed: bytes | memoryview) -> bytes:
    """Return what was sealed; raise `cryptography.fernet.InvalidToken` under another key."""
    return _cipher().decrypt(bytes(sealed))


def _cipher() -> Fernet:
    return Fernet(base64.urlsafe_b64encode(secret(Key.IDENTITY)))
