"""`manage.py verify_certificate FILE`: the offline verifier, by default with our own public key."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from compliance.evidence import verifier
from compliance.evidence.keys import PUBLIC_NAME


class Command(BaseCommand):
    help = (
        "Check a certificate's signature and digests. Reads no database; the exit code names the "
        "first check that failed (see docs/certificate.md)."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("certificate", help="the certificate, a DSSE envelope in JSON")
        parser.add_argument(
            "--key", help="the issuer's public key in PEM [this installation's signing key]"
        )
        parser.add_argument("--adapter", action="append", default=[], help="adapter to compare")
        parser.add_argument("--manifest", action="append", default=[], help="manifest to compare")
        parser.add_argument(
            "--releases", action="append", default=[], help="releases' manifests to compare"
        )
        parser.add_argument("--json", action="store_true", help="print the checks as JSON")

    def handle(self, **options: Any) -> None:
        key = options["key"] or str(Path(settings.KEYS_DIR) / PUBLIC_NAME)
        arguments = [options["certificate"], "--key", key]
        for name in ("adapter", "manifest", "releases"):
            for value in options[name]:
                arguments += [f"--{name}", value]
        sys.exit(verifier.main(arguments + (["--json"] if options["json"] else [])))
