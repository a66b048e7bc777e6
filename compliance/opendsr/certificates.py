"""Ask for a certificate, or make one that trusts itself, for trying out."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from django.conf import settings

from compliance.opendsr.keys import key_load

TRIAL = timedelta(days=90)


def request_path() -> Path:
    return Path(settings.KEYS_DIR) / "opendsr-request.csr"


def request_write() -> Path:
    """Write a certificate request for our key and domain, to send to a certificate authority."""
    request = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(_name())
        .add_extension(_names(), critical=False)
        .sign(key_load(), hashes.SHA256())
    )
    request_path().write_bytes(request.public_bytes(Encoding.PEM))
    return request_path()


def self_signed() -> bytes:
    """Return a certificate that trusts itself. The protocol forbids it in real use."""
    key, now = key_load(), datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_name())
        .issuer_name(_name())
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + TRIAL)
        .add_extension(_names(), critical=False)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(Encoding.PEM)


def _name() -> x509.Name:
    # A common name has 64 characters at most; the domain that counts stands in the other names.
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, settings.OPENDSR_DOMAIN[:64])])


def _names() -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([x509.DNSName(settings.OPENDSR_DOMAIN)])
