"""Set subjects' erasure classes from a CSV file with the columns `subject,class`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

from django.db import transaction

from compliance.records.importing.fields import required, text
from compliance.records.importing.rejects import RejectsFile
from compliance.records.importing.rows import ClassRow, Reject, SourceError
from compliance.records.importing.tables import Table, csv_table, encoding_notices
from compliance.records.models import CLASS_LENGTH, Subject
from compliance.records.services import subjects_lock
from compliance.records.suppression import refusals

COLUMNS = ("subject", "class")
BATCH = 10_000


@dataclass(frozen=True)
class ClassReport:
    """What became of the lines: each of them is counted once."""

    changed: int
    unchanged: int
    erased: int  # of subjects that are unknown because they were erased
    reasons: dict[str, int]
    notices: tuple[str, ...]


@transaction.atomic
def classes_set(path: Path, *, rejects: Path) -> ClassReport:
    """Set the class of each subject in the file; an empty class is none.

    They take effect at the next refresh. Raises `SourceError` if nothing can be read.
    """
    table = csv_table(path, COLUMNS, _row)
    if path.resolve() == rejects.resolve():
        raise SourceError(f"{rejects} is what shall be read. Name another file for rejects.")
    with RejectsFile(rejects) as file:
        counts = _Setting(file).run(table)
    return ClassReport(
        **counts,
        reasons=dict(file.reasons.most_common()),
        notices=encoding_notices(table),
    )


def _row(line: int, cells: Sequence[str]) -> ClassRow:
    return ClassRow(line, required("subject", cells[0]), text("class", cells[1], CLASS_LENGTH))


@dataclass(frozen=True)
class _Setting:
    rejects: RejectsFile

    def run(self, table: Table[ClassRow]) -> dict[str, int]:
        counts = {"changed": 0, "unchanged": 0, "erased": 0}
        rows = sorted(self._once(table), key=attrgetter("subject"))  # as `subjects_lock` has them
        for start in range(0, len(rows), BATCH):
            for name, count in self._set(table.file.name, rows[start : start + BATCH]).items():
                counts[name] += count
        return counts

    def _once(self, table: Table[ClassRow]) -> Iterator[ClassRow]:
        """Yield the good rows; of several for one subject the first, and others are rejected."""
        seen: dict[str, str] = {}
        for row in table.read():
            if isinstance(row, Reject):
                self.rejects.add(row)
            elif seen.setdefault(row.subject, row.erasure_class) != row.erasure_class:
                reason = "subject has another class in an earlier line: keep one of them"
                self.rejects.add(Reject(table.file.name, row.line, row.erasure_class, reason))
            else:
                yield row

    def _set(self, file: str, rows: list[ClassRow]) -> dict[str, int]:
        known = subjects_lock(row.subject for row in rows)
        changed: list[Subject] = []
        unknown: list[ClassRow] = []
        for row in rows:
            if row.subject not in known:
                unknown.append(row)
            elif known[row.subject].erasure_class != row.erasure_class:
                known[row.subject].erasure_class = row.erasure_class
                changed.append(known[row.subject])
        Subject.objects.bulk_update(changed, ["erasure_class"], batch_size=1000)
        erased = self._reject(file, unknown)
        unchanged = len(rows) - len(changed) - len(unknown)
        return {"changed": len(changed), "unchanged": unchanged, "erased": erased}

    def _reject(self, file: str, unknown: list[ClassRow]) -> int:
        """Reject unknown subjects, but not by name those who were erased; count the latter."""
        erased = {refused.external_id for refused in refusals(row.subject for row in unknown)}
        for row in unknown:
            if row.subject not in erased:
                reason = "subject is not known: import its records first"
                self.rejects.add(Reject(file, row.line, row.subject, reason))
        return sum(row.subject in erased for row in unknown)
