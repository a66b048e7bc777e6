"""What the import commands have in common."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.table import Table

from compliance.records.importing.load import ImportReport, OnProgress
from compliance.records.importing.rows import SourceError
from compliance.records.terminal import progress, rendered


class ImportCommand(BaseCommand):
    """Runs an import and tells what became of it: counts and reasons, no identifiers."""

    rejects_name: str

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--rejects",
            type=Path,
            default=settings.VAR_DIR / "rejects" / self.rejects_name,
            metavar="FILE",
            help="where the lines that are not taken go, with reasons (default: %(default)s)",
        )

    def run(self, work: Callable[[OnProgress], ImportReport], rejects: Path) -> None:
        """Do the work with a progress bar, then show its report."""
        try:
            with progress("Importing", "lines") as on_progress:
                report = work(on_progress)
        except SourceError as error:
            raise CommandError(str(error)) from None
        except OSError as error:
            raise CommandError(f"Nothing was imported: {error}") from None
        self.stdout.write(summary(report, rejects))


def summary(report: ImportReport, rejects: Path) -> str:
    """Return the report as text."""
    parts: list[Any] = [f"Note: {notice}" for notice in report.notices]
    parts.append(_counts(report))
    if report.reasons:
        parts.append(_reasons(report))
        lines = "line was" if report.rejected == 1 else "lines were"
        parts.append(f"{report.rejected:,} {lines} not taken; see {rejects} (personal data).")
    if not report.items and not report.interactions:
        parts.append("Nothing new: the database is as it was.")
    return rendered(*parts)


def _counts(report: ImportReport) -> Table:
    table = Table(title=f"Imported in {report.seconds:.1f} s", title_justify="left")
    table.add_column("what")
    table.add_column("number", justify="right")
    for name, count in (
        ("new items", report.items),
        ("new subjects", report.subjects),
        ("new interactions", report.interactions),
        ("lines that changed nothing", report.unchanged),
        ("lines of erased subjects, skipped", report.suppressed),
        ("lines of restricted subjects, parked", report.parked),
        ("lines rejected", report.rejected),
    ):
        table.add_row(name, f"{count:,}")
    return table


def _reasons(report: ImportReport) -> Table:
    table = Table(title="Why lines were rejected", title_justify="left")
    table.add_column("reason")
    table.add_column("lines", justify="right")
    for reason, count in report.reasons.items():
        table.add_row(reason, f"{count:,}")
    return table
