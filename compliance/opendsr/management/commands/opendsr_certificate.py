"""`manage.py opendsr_certificate`: the key and the certificate that sign for OpenDSR."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from compliance.opendsr.certificates import request_write, self_signed
from compliance.opendsr.keys import (
    SignerError,
    certificate_path,
    certificate_take,
    key_create,
    key_path,
)


class Command(BaseCommand):
    help = (
        "Make the key that signs for OpenDSR, if there is none, and a certificate request for it; "
        "or take the certificate that a certificate authority has made from that."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        chosen = parser.add_mutually_exclusive_group()
        chosen.add_argument(
            "--take", metavar="FILE", help="A certificate in PEM, with its chain, to use from now."
        )
        chosen.add_argument(
            "--self-signed",
            action="store_true",
            help="Make a certificate that trusts itself, for trying out.",
        )

    def handle(self, *, take: str | None, self_signed: bool, **options: Any) -> None:
        if not settings.OPENDSR_DOMAIN:
            raise CommandError("Set LETHE_PUBLIC_URL or LETHE_OPENDSR_DOMAIN: it names our domain.")
        try:
            self._key()
            if take:
                self._take(_read(take))
            elif self_signed:
                self._try_out()
            else:
                self._ask()
        except SignerError as error:
            raise CommandError(str(error)) from None

    def _key(self) -> None:
        self.stdout.write(f"{'made' if key_create() else 'kept'}  {key_path()}")

    def _ask(self) -> None:
        self.stdout.write(f"made  {request_write()}")
        self.stdout.write(
            f"Send it to a certificate authority; it asks for {settings.OPENDSR_DOMAIN}. Then run "
            "`manage.py opendsr_certificate --take FILE`."
        )

    def _take(self, chain: bytes) -> None:
        certificate = certificate_take(chain)
        self.stdout.write(f"took  {certificate_path()}")
        self.stdout.write(f"It is valid until {certificate.not_valid_after_utc:%Y-%m-%d}.")
        if certificate.issuer == certificate.subject:
            self._warn()

    def _try_out(self) -> None:
        self._take(self_signed())

    def _warn(self) -> None:
        self.stderr.write(
            "It trusts itself: fit for trying out only. OpenDSR asks for a certificate authority's."
        )


def _read(name: str) -> bytes:
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise CommandError(f"{name} cannot be read: {error.strerror}.") from None
