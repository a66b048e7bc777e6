"""`manage.py make_sample DIR`: write a sample data set of people who never were."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from workers.sample import ITEMS, SEED, SUBJECTS, write_sample


class Command(BaseCommand):
    help = "Write a sample data set in MovieLens' format: movies.csv and ratings.csv."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("dir", type=Path, metavar="DIR", help="the folder to write to")
        parser.add_argument("--subjects", type=int, default=SUBJECTS, metavar="N")
        parser.add_argument("--items", type=int, default=ITEMS, metavar="N")
        parser.add_argument("--seed", type=int, default=SEED, metavar="S")

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["dir"]
        sizes = {name: options[name] for name in ("subjects", "items", "seed")}
        for name, least in (("subjects", 1), ("items", 1), ("seed", 0)):
            if sizes[name] < least:
                raise CommandError(f"--{name} is {sizes[name]}. Use {least} or more.")
        try:
            ratings = write_sample(folder, **sizes)
        except OSError as error:
            raise CommandError(f"{folder} cannot be written: {error.strerror}.") from None
        self.stdout.write(
            f"{folder}: {sizes['items']:,} items, {sizes['subjects']:,} subjects, "
            f"{ratings:,} ratings."
        )
