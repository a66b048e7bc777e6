"""`manage.py exports`: which copies of weights there are elsewhere, and which have to go."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.table import Table
from rich.text import Text

from compliance.provenance.exports import ExportError, export_mark_gone
from compliance.provenance.models import Export
from compliance.records.terminal import rendered


class Command(BaseCommand):
    help = "List exported copies of weights; --gone NUMBER records that no copy of one is left."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--gone", type=int, metavar="NUMBER", help="you have destroyed all copies of this one"
        )

    def handle(self, *, gone: int | None, **options: Any) -> None:
        if gone is not None:
            try:
                export = export_mark_gone(gone)
            except ExportError as error:
                raise CommandError(str(error)) from None
            self.stdout.write(f"Export {gone} is gone since {export.gone_at:%F %T} UTC.")
            return
        exports = list(Export.objects.prefetch_related("checkpoints"))
        self.stdout.write(_table(exports) if exports else "Nothing was exported.")


def _table(exports: list[Export]) -> str:
    table = Table()
    for name in ("Number", "When", "What", "Standing"):
        table.add_column(name, no_wrap=True)
    table.add_column("Where", overflow="fold")
    for export in exports:
        when = f"{export.created_at:%F}"
        table.add_row(str(export.pk), when, export.kind, _standing(export), Text(export.path))
    return rendered(table)


def _standing(export: Export) -> str:
    if export.gone_at:
        return "gone"
    return "DESTROY IT" if export.is_out_of_service else "clean"
