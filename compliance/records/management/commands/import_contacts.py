"""`manage.py import_contacts FILE`: say how subjects can be reached."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from compliance.records.contacts import Outcome
from compliance.records.importing.contacts import ContactReport, import_contacts
from compliance.records.importing.rows import SourceError


class Command(BaseCommand):
    help = (
        "Read subjects' mail addresses and languages from CSV with the columns "
        "subject,email,language. They serve to prove an identity and to answer a request. An empty "
        "email takes the address away. Lines that cannot be taken go to the rejects file."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="subject,email,language")
        parser.add_argument(
            "--rejects",
            type=Path,
            default=settings.VAR_DIR / "rejects" / "import_contacts.csv",
            metavar="FILE",
            help="where the lines that are not taken go, with reasons (default: %(default)s)",
        )

    def handle(self, *args: Any, file: Path, rejects: Path, **options: Any) -> None:
        try:
            report = import_contacts(file, rejects=rejects)
        except SourceError as error:
            raise CommandError(str(error)) from None
        except OSError as error:
            raise CommandError(f"Nothing was imported: {error}") from None
        self.stdout.write("\n".join(_lines(report, rejects)))


def _lines(report: ContactReport, rejects: Path) -> list[str]:
    counts = report.outcomes
    lines = [f"Note: {notice}" for notice in report.notices]
    lines.append(
        f"{counts[Outcome.CREATED]:,} subjects are new, {counts[Outcome.CHANGED]:,} can be reached "
        f"otherwise now, {counts[Outcome.UNCHANGED]:,} as before"
    )
    if counts[Outcome.ERASED]:
        lines.append(f"{counts[Outcome.ERASED]:,} lines of erased subjects, skipped")
    lines += [f"{count:,} rejected: {reason}" for reason, count in report.reasons.items()]
    if report.reasons:
        lines.append(f"See {rejects} (personal data).")
    return lines
