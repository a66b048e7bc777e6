"""Read how subjects can be reached from a CSV file with the columns `subject,email,language`."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from compliance.records.contacts import ContactRow, Outcome, contacts_lock, contacts_put
from compliance.records.importing.fields import required, text
from compliance.records.importing.rejects import RejectsFile
from compliance.records.importing.rows import ContactLine, FaultError, Reject, SourceError
from compliance.records.importing.tables import Table, csv_table, encoding_notices
from compliance.records.models import Language

COLUMNS = ("subject", "email", "language")
ADDRESS_LENGTH = 254
BATCH = 10_000


@dataclass(frozen=True)
class ContactReport:
    """What became of the lines: each of them is counted once."""

    outcomes: Counter[Outcome]
    reasons: dict[str, int]
    notices: tuple[str, ...]


@transaction.atomic
def import_contacts(path: Path, *, rejects: Path) -> ContactReport:
    """Put the addresses and languages in the file in place of those that are there.

    Raises `SourceError` if nothing can be read.
    """
    table = csv_table(path, COLUMNS, _row)
    if path.resolve() == rejects.resolve():
        raise SourceError(f"{rejects} is what shall be read. Name another file for rejects.")
    outcomes = Counter[Outcome]()
    with RejectsFile(rejects) as file:
        # In one order, so that two that run at once do not wait for each other.
        rows = sorted(_once(table, file), key=attrgetter("subject"))
        contacts_lock(rows)
        for start in range(0, len(rows), BATCH):
            outcomes.update(contacts_put(rows[start : start + BATCH]))
    return ContactReport(outcomes, dict(file.reasons.most_common()), encoding_notices(table))


def _once(table: Table[ContactLine], rejects: RejectsFile) -> Iterator[ContactRow]:
    """Yield the good rows; of several for one subject the first, and others are rejected."""
    seen: dict[str, ContactRow] = {}
    for row in table.read():
        if isinstance(row, Reject):
            rejects.add(row)
            continue
        contact = ContactRow(row.subject, row.email or None, row.language)
        first = seen.setdefault(row.subject, contact)
        if first is contact:
            yield contact
        elif first != contact:
            reason = "subject has another contact in an earlier line: keep one of them"
            rejects.add(Reject(table.file.name, row.line, row.subject, reason))


def _row(line: int, cells: Sequence[str]) -> ContactLine:
    subject = required("subject", cells[0])
    return ContactLine(line, subject, _email(cells[1]), _language(cells[2]))


def _email(value: str) -> str:
    address = text("email", value, ADDRESS_LENGTH)
    try:
        if address:
            validate_email(address)
    except ValidationError:
        raise FaultError(value, "email is not a mail address") from None
    return address


def _language(value: str) -> str:
    language = text("language", value, ADDRESS_LENGTH)
    if language not in ("", *Language.values):
        raise FaultError(value, f"language is not one of {', '.join(Language.values)}, or empty")
    return language
