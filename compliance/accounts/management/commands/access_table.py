"""`manage.py access_table [--check]`: write docs/access.md, or say whether it is out of date."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from compliance.accounts.access_page import access_page

PATH = settings.BASE_DIR / "docs" / "access.md"


class Command(BaseCommand):
    help = "Write docs/access.md: each page and endpoint, and who may call it. Changes no data."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="write nothing; fail if the page is out of date"
        )

    def handle(self, *, check: bool, **options: Any) -> None:
        page = access_page()
        if not check:
            PATH.write_text(page, encoding="utf-8")
        elif not PATH.exists() or PATH.read_text(encoding="utf-8") != page:
            raise CommandError(
                f"{PATH} is out of date. Run `manage.py access_table`, and read what it changes: "
                "each line is a right that somebody gets or loses."
            )
