"""`manage.py set_erasure_classes FILE`: say how likely subjects are to be erased."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from compliance.records.importing.classes import ClassReport, classes_set
from compliance.records.importing.rows import SourceError


class Command(BaseCommand):
    help = (
        "Set the erasure classes of subjects from CSV with the columns subject,class. A plan made "
        "with --slice-by puts likely classes into late slices; the next `manage.py train` moves "
        "who is of another class now. Lines that cannot be taken go to the rejects file."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="subject,class")
        parser.add_argument(
            "--rejects",
            type=Path,
            default=settings.VAR_DIR / "rejects" / "set_erasure_classes.csv",
            metavar="FILE",
            help="where the lines that are not taken go, with reasons (default: %(default)s)",
        )

    def handle(self, *args: Any, file: Path, rejects: Path, **options: Any) -> None:
        try:
            report = classes_set(file, rejects=rejects)
        except SourceError as error:
            raise CommandError(str(error)) from None
        except OSError as error:
            raise CommandError(f"Nothing was set: {error}") from None
        self.stdout.write("\n".join(_lines(report, rejects)))


def _lines(report: ClassReport, rejects: Path) -> list[str]:
    lines = [f"Note: {notice}" for notice in report.notices]
    lines.append(f"{report.changed:,} subjects have another class now, {report.unchanged:,} had it")
    if report.erased:
        lines.append(f"{report.erased:,} lines of erased subjects, skipped")
    lines += [f"{count:,} rejected: {reason}" for reason, count in report.reasons.items()]
    if report.reasons:
        lines.append(f"See {rejects} (personal data).")
    return lines
