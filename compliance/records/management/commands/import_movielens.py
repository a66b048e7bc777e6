"""`manage.py import_movielens PATH`: import a MovieLens folder."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from compliance.records.importing.commands import ImportCommand
from compliance.records.importing.load import import_folder


class Command(ImportCommand):
    help = (
        "Import a data set's folder: MovieLens ml-latest* or ml-100k. Lines that cannot be taken "
        "go to the rejects file, and the exit status is 0 all the same; it is 1 if nothing can "
        "be read."
    )
    rejects_name = "import_movielens.csv"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path, metavar="PATH", help="the folder")
        super().add_arguments(parser)

    def handle(self, *args: Any, path: Path, rejects: Path, **options: Any) -> None:
        self.run(
            lambda on_progress: import_folder(path, rejects=rejects, on_progress=on_progress),
            rejects,
        )
