"""`manage.py import_csv ITEMS INTERACTIONS`: import a catalogue and its interactions."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from compliance.records.importing.commands import ImportCommand
from compliance.records.importing.load import import_csv


class Command(ImportCommand):
    help = (
        "Import plain CSV. Lines that cannot be taken go to the rejects file, and the exit status "
        "is 0 all the same; it is 1 if nothing can be read."
    )
    rejects_name = "import_csv.csv"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("items", type=Path, metavar="ITEMS", help="id,title and any attributes")
        parser.add_argument(
            "interactions", type=Path, metavar="INTERACTIONS", help="subject,item,rating,at"
        )
        super().add_arguments(parser)

    def handle(
        self, *args: Any, items: Path, interactions: Path, rejects: Path, **options: Any
    ) -> None:
        self.run(
            lambda on_progress: import_csv(
                items, interactions, rejects=rejects, on_progress=on_progress
            ),
            rejects,
        )
