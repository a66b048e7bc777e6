"""`manage.py data_map [--check]`: write docs/personal-data.md, or say whether it is out of date."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from compliance.datamap.checking import map_faults, model_columns
from compliance.datamap.page import map_page
from compliance.datamap.tables import TABLES

PATH = settings.BASE_DIR / "docs" / "personal-data.md"


class Command(BaseCommand):
    help = "Write docs/personal-data.md: what stands in each column, and when it goes."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="write nothing; fail if the page is out of date"
        )

    def handle(self, *, check: bool, **options: Any) -> None:
        if faults := map_faults(TABLES, model_columns()):
            raise CommandError("\n".join(faults))
        page = map_page()
        if not check:
            PATH.write_text(page, encoding="utf-8")
        elif not PATH.exists() or PATH.read_text(encoding="utf-8") != page:
            raise CommandError(f"{PATH} is not what the map says. Run `manage.py data_map`.")
