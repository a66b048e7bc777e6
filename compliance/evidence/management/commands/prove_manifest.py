"""`manage.py prove_manifest REQUEST_ID`: the proofs that a person stood in a tree and is gone."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from compliance.erasure.models import ErasureRequest
from compliance.evidence.proofs import request_proofs


class Command(BaseCommand):
    help = (
        "Write the proofs about the trees of the releases before and after an erasure, with the "
        "releases' manifests, as JSON. The verifier checks them against the certificate "
        "(--releases FILE; see docs/certificate.md)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("request", metavar="REQUEST_ID", type=UUID, help="the request's id")
        parser.add_argument("--out", type=Path, metavar="FILE", help="where to [standard output]")

    def handle(self, *args: Any, request: UUID, out: Path | None, **options: Any) -> None:
        found = ErasureRequest.objects.filter(pk=request).first()
        if found is None:
            raise CommandError("There is no erasure request with this id.")
        if found.proof_before is None and found.proof_after is None:
            raise CommandError(f"Nothing is proven: the request is in the state {found.state}.")
        text = json.dumps(request_proofs(found), indent=2)
        if out is None:
            self.stdout.write(text)
            return
        try:
            out.write_text(text + "\n", encoding="utf-8")
        except OSError as error:
            raise CommandError(f"{out} cannot be written: {error.strerror}.") from None
