"""`manage.py import_parquet ITEMS INTERACTIONS`: import a catalogue and its interactions."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from compliance.records.importing import options as given
from compliance.records.importing.commands import ImportCommand
from compliance.records.importing.load import import_parquet


class Command(ImportCommand):
    help = (
        "Import Parquet, with any columns. Rows that cannot be taken go to the rejects file, and "
        "the exit status is 0 all the same; it is 1 if nothing can be read."
    )
    rejects_name = "import_parquet.csv"

    def add_arguments(self, parser: CommandParser) -> None:
        given.add_files(parser)
        super().add_arguments(parser)

    def handle(
        self, *args: Any, items: Path, interactions: Path, rejects: Path, **options: Any
    ) -> None:
        columns = given.columns_of(options)
        self.run(
            lambda on_progress: import_parquet(
                items, interactions, rejects=rejects, columns=columns, on_progress=on_progress
            ),
            rejects,
        )
