"""The signing key pair of the evidence: Ed25519 (RFC 8032) in PEM files outside the database."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from compliance.evidence.verifier import Rejected, load_public_key

PRIVATE_NAME = "signing-key.pem"
PUBLIC_NAME = "signing-key.pub.pem"


class KeyFileError(Exception):
    """A key file is missing, unsafe or unreadable; the message names the remedy."""


def generate(directory: Path) -> Ed25519PrivateKey:
    """Write a new key pair to `directory` and return it; an existing key is never overwritten."""
    private_path, public_path = directory / PRIVATE_NAME, directory / PUBLIC_NAME
    for path in (private_path, public_path):
        if path.exists():
            raise KeyFileError(
                f"{path} exists. Certificates are verified with it, so it is not overwritten: "
                "keep it, or move both key files to a safe place first."
            )
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = Ed25519PrivateKey.generate()
    _write(private_path, _private_pem(key), 0o600)
    _write(public_path, public_pem(key.public_key()), 0o644)
    return key


def load_private(directory: Path) -> Ed25519PrivateKey:
    """Read the private key of `directory`, which its owner alone may be able to read."""
    path = directory / PRIVATE_NAME
    pem = _read(path)
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        raise KeyFileError(
            f"{path} can be read by others (mode {mode:03o}). Run `chmod 600 {path}`; if somebody "
            "may have read it, make a new key pair and publish its public key."
        )
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileError(
            f"{path} is not an unencrypted Ed25519 private key in PEM. Restore it from its back-up."
        )
    return key


def load_public(directory: Path) -> Ed25519PublicKey:
    """Read the public key of `directory`."""
    path = directory / PUBLIC_NAME
    try:
        return load_public_key(_read(path))
    except Rejected as error:
        raise KeyFileError(f"{path}: {error}. Restore it from its back-up.") from None


def public_pem(key: Ed25519PublicKey) -> bytes:
    """The public key as PEM (RFC 8410), the file to publish."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _private_pem(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _write(path: Path, data: bytes, mode: int) -> None:
    """Create the file with its mode from the first moment on; fail if another start was faster."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        raise KeyFileError(f"{path} has just been made by another process; use that one.") from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise KeyFileError(
            f"{path} is missing. Restore it from your key back-up, or run `manage.py create_keys` "
            "on a new installation."
        ) from None
    except OSError as error:
        raise KeyFileError(f"{path} cannot be read: {error.strerror}.") from None
