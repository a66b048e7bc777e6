"""The key that signs answers and callbacks, and the X.509 certificate that names our domain.

RSA with PKCS#1 v1.5 and SHA-256 (FIPS 186-4) over the raw body. Both are PEM files beside the
other keys; a renewed certificate is used from the next call on.
"""

import base64
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from django.conf import settings

from compliance.environment import write_once

KEY_BITS = 3072
REMEDY = "Run `manage.py opendsr_certificate`."


class SignerError(Exception):
    """There is nothing to sign with; the message names the remedy."""


@dataclass(frozen=True)
class Signer:
    """The key, and the certificate that goes with it. `chain` is the file as it was taken."""

    domain: str
    key: rsa.RSAPrivateKey
    certificate: x509.Certificate
    chain: bytes

    def sign(self, body: bytes) -> str:
        """Return the signature of `body` in base64."""
        return base64.b64encode(self.key.sign(body, padding.PKCS1v15(), hashes.SHA256())).decode()

    def headers(self, body: bytes) -> dict[str, str]:
        """Return the two headers that go with `body`."""
        return {
            "X-OpenDSR-Processor-Domain": self.domain,
            "X-OpenDSR-Signature": self.sign(body),
        }


def key_path() -> Path:
    return Path(settings.KEYS_DIR) / "opendsr-key.pem"


def certificate_path() -> Path:
    return Path(settings.KEYS_DIR) / "opendsr-certificate.pem"


def signer() -> Signer:
    """Return what signs. Raise `SignerError` where it is missing, not ours, or out of date."""
    if not settings.OPENDSR_DOMAIN:
        raise SignerError("LETHE_PUBLIC_URL or LETHE_OPENDSR_DOMAIN must name our domain.")
    try:
        stamps = tuple(path.stat().st_mtime_ns for path in (key_path(), certificate_path()))
    except FileNotFoundError:
        raise SignerError(f"There is no key or no certificate for OpenDSR. {REMEDY}") from None
    found = _load(settings.OPENDSR_DOMAIN, str(settings.KEYS_DIR), stamps)
    if datetime.now(UTC) >= found.certificate.not_valid_after_utc:
        raise SignerError(f"The certificate for OpenDSR has expired. {REMEDY}")
    return found


def key_create() -> bool:
    """Write a fresh key that only its owner reads; False if there is one already."""
    if key_path().exists():
        return False
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return write_once(key_path(), pem.decode())


def key_load() -> rsa.RSAPrivateKey:
    """Return the key. Raise `SignerError` for a file that is none."""
    try:
        key = load_pem_private_key(key_path().read_bytes(), password=None)
    except FileNotFoundError:
        raise SignerError(f"There is no key for OpenDSR. {REMEDY}") from None
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise SignerError(f"{key_path()} is no RSA key in PEM. Restore it from its back-up.")
    return key


def certificate_take(chain: bytes) -> x509.Certificate:
    """Check a certificate, with its chain if there is one, and use it from now on.

    Raises `SignerError` unless it is for our key and domain, and valid now.
    """
    certificate = certificate_checked(chain, key_load(), settings.OPENDSR_DOMAIN)
    draft = certificate_path().with_suffix(f".{os.getpid()}")
    draft.write_bytes(chain)
    draft.replace(certificate_path())
    return certificate


def certificate_checked(chain: bytes, key: rsa.RSAPrivateKey, domain: str) -> x509.Certificate:
    """Return the first certificate of `chain` if it is for `key` and `domain`, and valid now."""
    try:
        certificate = x509.load_pem_x509_certificates(chain)[0]
    except ValueError:
        raise SignerError("The file holds no certificate in PEM.") from None
    if _spki(certificate.public_key()) != _spki(key.public_key()):
        raise SignerError(
            "The certificate is for another key. Send the present certificate request to the "
            "certificate authority."
        )
    if domain not in names_of(certificate):
        raise SignerError(
            f"The certificate does not name {domain} as subject alternative name. Ask for one "
            "that does, or set LETHE_OPENDSR_DOMAIN."
        )
    if not certificate.not_valid_before_utc <= datetime.now(UTC) < certificate.not_valid_after_utc:
        raise SignerError("The certificate is not valid today. Ask for a new one.")
    return certificate


def names_of(certificate: x509.Certificate) -> list[str]:
    """Return the host names that the certificate is for."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return names.value.get_values_for_type(x509.DNSName)


@lru_cache(maxsize=1)
def _load(domain: str, folder: str, stamps: tuple[int, ...]) -> Signer:
    """Read both files; again when one of them has changed."""
    key, chain = key_load(), certificate_path().read_bytes()
    return Signer(domain, key, certificate_checked(chain, key, domain), chain)


def _spki(key: object) -> bytes:
    if not isinstance(key, rsa.RSAPublicKey):
        return b""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
