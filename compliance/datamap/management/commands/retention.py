"""`manage.py retention [--dry-run]`: clear or remove what is past its time."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from compliance.datamap.retention import retention_due, retention_run


class Command(BaseCommand):
    help = (
        "Clear or remove what is past its time, as docs/personal-data.md has it. "
        "The scheduler does it daily."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--dry-run", action="store_true", help="Change nothing; say how much would go."
        )

    def handle(self, *, dry_run: bool, **options: Any) -> None:
        rows = retention_due() if dry_run else retention_run()
        for name, count in rows.items():
            if count:
                self.stdout.write(f"{name}: {count:,} {'row' if count == 1 else 'rows'}")
        verb = "would be cleared" if dry_run else "cleared"
        self.stdout.write(f"{sum(rows.values()):,} {verb}, by {len(rows)} rules.")
