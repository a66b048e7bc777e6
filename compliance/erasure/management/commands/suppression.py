"""`manage.py suppression`: keep the list of what was erased, and erase again after a restore."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from compliance.erasure.services.returning import returned_file
from compliance.records.services import ingest_stop
from compliance.records.suppression import suppression_list, suppression_take


class Command(BaseCommand):
    help = (
        "Print the suppression list, keyed and without a name, to be kept apart from the database; "
        "or take such a list after a restore, and file a request for whatever was erased and "
        "stands again (docs/recover.md)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--take", type=Path, metavar="FILE", help="a list printed before")

    def handle(self, **options: Any) -> None:
        if options["take"]:
            self._take(options["take"])
            return
        for entry in suppression_list():
            self.stdout.write(json.dumps(entry))

    @transaction.atomic
    def _take(self, path: Path) -> None:
        try:
            lines = path.read_text(encoding="ascii").splitlines()
            ingest_stop()  # what an import under way brings is seen below, or suppressed
            taken = suppression_take(map(json.loads, lines))
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}.") from None
        except (KeyError, TypeError, ValueError, RecursionError):
            raise CommandError(
                f"{path} is no suppression list, or is cut off. Nothing was taken."
            ) from None
        filed = returned_file(actor="system:restore")
        self.stdout.write(
            f"{taken:,} entries stand. {filed:,} requests filed for what had come back; they are "
            "in review: approve them in the admin (source “restore”)."
        )
