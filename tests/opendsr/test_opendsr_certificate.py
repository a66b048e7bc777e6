"""`manage.py opendsr_certificate`: a key, a request to an authority, and what comes back."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from django.core.management import CommandError, call_command

from compliance.opendsr import keys
from tests.opendsr.conftest import DOMAIN
from workers.doctor import Ill, _opendsr

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    settings.KEYS_DIR, settings.OPENDSR_DOMAIN = tmp_path, DOMAIN
    monkeypatch.setattr(keys, "KEY_BITS", 2048)  # sooner made
    return tmp_path


def run(*arguments: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("opendsr_certificate", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def issue(
    folder: Path,
    *,
    names: tuple[str, ...] = (DOMAIN,),
    begins: timedelta = -DAY,
    ends: timedelta = DAY,
    key: Any = None,
) -> str:
    """Do as an authority does with the certificate request; return the file."""
    request = x509.load_pem_x509_csr((folder / "opendsr-request.csr").read_bytes())
    assert request.is_signature_valid
    authority = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(request.subject)
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An authority")]))
        .public_key(key or request.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + begins)
        .not_valid_after(now + ends)
    )
    if names:
        alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        builder = builder.add_extension(alternatives, critical=False)
    path = folder / "issued.pem"
    path.write_bytes(builder.sign(authority, hashes.SHA256()).public_bytes(Encoding.PEM))
    return str(path)


def test_it_makes_a_key_once_and_a_request_that_names_our_domain(folder: Path) -> None:
    first, _ = run()
    key = (folder / "opendsr-key.pem").read_bytes()
    assert first.startswith("made")
    assert (folder / "opendsr-key.pem").stat().st_mode & 0o077 == 0
    assert run()[0].startswith("kept")
    assert (folder / "opendsr-key.pem").read_bytes() == key
    request = x509.load_pem_x509_csr((folder / "opendsr-request.csr").read_bytes())
    names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert names.value.get_values_for_type(x509.DNSName) == [DOMAIN]
    with pytest.raises(keys.SignerError, match="opendsr_certificate"):
        keys.signer()


def test_it_takes_what_an_authority_has_issued(folder: Path) -> None:
    run()
    out, err = run("--take", issue(folder))
    assert "valid until" in out
    assert err == ""
    assert keys.signer().domain == DOMAIN


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"names": ("other.example",)}, f"does not name {DOMAIN}"),
        ({"names": ()}, f"does not name {DOMAIN}"),
        ({"begins": -2 * DAY, "ends": -DAY}, "not valid today"),
        ({"begins": DAY, "ends": 2 * DAY}, "not valid today"),
        ({"key": rsa.generate_private_key(65537, 2048).public_key()}, "for another key"),
        ({"key": ec.generate_private_key(ec.SECP256R1()).public_key()}, "for another key"),
    ],
)
def test_it_refuses_what_would_not_check_our_signatures(
    folder: Path, changes: dict[str, Any], why: str
) -> None:
    run()
    with pytest.raises(CommandError, match=why):
        run("--take", issue(folder, **changes))
    assert not (folder / "opendsr-certificate.pem").exists()


def test_it_refuses_files_that_are_none(folder: Path) -> None:
    run()
    (folder / "x").write_text("x")
    with pytest.raises(CommandError, match="no certificate in PEM"):
        run("--take", str(folder / "x"))
    with pytest.raises(CommandError, match="cannot be read"):
        run("--take", str(folder / "y"))
    (folder / "opendsr-key.pem").write_text("x")
    with pytest.raises(CommandError, match="no RSA key"):
        run()


def test_one_for_trying_out_says_so(folder: Path) -> None:
    _, err = run("--self-signed")
    assert "trying out only" in err
    assert keys.signer().domain == DOMAIN


def test_without_a_domain_it_says_what_to_set(settings: Any) -> None:
    settings.OPENDSR_DOMAIN = ""
    with pytest.raises(CommandError, match="LETHE_OPENDSR_DOMAIN"):
        run()
    with pytest.raises(keys.SignerError, match="LETHE_OPENDSR_DOMAIN"):
        keys.signer()


def test_a_renewed_certificate_is_used_at_once(folder: Path) -> None:
    run("--self-signed")
    before = keys.signer().certificate.serial_number
    run()
    run("--take", issue(folder))
    assert keys.signer().certificate.serial_number != before


def test_one_that_has_expired_signs_nothing(folder: Path, settings: Any) -> None:
    run("--self-signed")
    late = datetime.now(UTC) + timedelta(days=91)

    class Later(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return late

    with pytest.MonkeyPatch.context() as patch:
        keys.signer()
        patch.setattr(keys, "datetime", Later)
        with pytest.raises(keys.SignerError, match="expired"):
            keys.signer()


def test_another_domain_needs_another_certificate(settings: Any) -> None:
    run("--self-signed")
    settings.OPENDSR_DOMAIN = "other.example"
    with pytest.raises(keys.SignerError, match=r"does not name other\.example"):
        keys.signer()


def test_the_doctor_says_when_it_has_to_be_renewed(folder: Path) -> None:
    assert _opendsr() == "not set up"
    run("--self-signed")
    assert DOMAIN in _opendsr()
    run()
    run("--take", issue(folder, ends=20 * DAY))
    with pytest.raises(Ill, match="expires in 19 days"):
        _opendsr()
    (folder / "opendsr-key.pem").unlink()
    with pytest.raises(Ill, match="no good signature"):
        _opendsr()
