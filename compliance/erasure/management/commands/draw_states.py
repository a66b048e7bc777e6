"""Draw the states of a request, as the table of moves has them."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from compliance.erasure.drawing import states_page

PAGE = Path(settings.BASE_DIR) / "docs" / "states.md"


class Command(BaseCommand):
    help = "Write docs/states.md from the table of moves; with --check only tell whether it agrees."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="Change nothing; fail if it is old."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        page = states_page()
        if not options["check"]:
            PAGE.write_text(page, encoding="utf-8")
        elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page:
            raise CommandError(f"{PAGE} is not what the table says. Run manage.py draw_states.")
