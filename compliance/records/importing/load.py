"""Import a data set in one transaction: all of its good rows, or nothing."""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from compliance.records.importing import staging
from compliance.records.importing.columns import PLAIN_COLUMNS, Columns
from compliance.records.importing.detect import folder_source
from compliance.records.importing.parking import park
from compliance.records.importing.parquet import parquet_source
from compliance.records.importing.plain import plain_source
from compliance.records.importing.rejects import RejectsFile
from compliance.records.importing.rows import Reject, SourceError
from compliance.records.importing.tables import PLAIN, Dialect, Row, Source, Table
from compliance.records.services import INGEST_LOCK, ingest_lock

OnProgress = Callable[[int, int], None]

# Imports take turns, or two that overlap could each wait for the other's rows.
IMPORT_LOCK = INGEST_LOCK + 1
PARTS = 50
SMALLEST_PART = 10_000


@dataclass(frozen=True)
class ImportReport:
    """What became of the lines: each of them is counted once."""

    items: int
    subjects: int  # people who were not known before; the other counts are lines
    interactions: int
    unchanged: int  # lines that were there already, in the database or earlier in the file
    rejected: int
    suppressed: int
    parked: int  # lines of restricted subjects, which wait for the decision on their request
    seconds: float
    reasons: dict[str, int]
    notices: tuple[str, ...]


def import_folder(
    path: Path, *, rejects: Path, on_progress: OnProgress | None = None
) -> ImportReport:
    """Import the data set in the folder `path`, whatever its format.

    `on_progress` gets lines done and lines in all. Raises `SourceError` if nothing can be read.
    """
    return _import(folder_source(path, _now()), rejects, on_progress)


def import_csv(
    items: Path,
    interactions: Path,
    *,
    rejects: Path,
    columns: Columns = PLAIN_COLUMNS,
    dialect: Dialect = PLAIN,
    on_progress: OnProgress | None = None,
) -> ImportReport:
    """Import CSV from two files."""
    _check_two(items, interactions)
    source = plain_source(items, interactions, _now(), columns, dialect)
    return _import(source, rejects, on_progress)


def import_parquet(
    items: Path,
    interactions: Path,
    *,
    rejects: Path,
    columns: Columns = PLAIN_COLUMNS,
    on_progress: OnProgress | None = None,
) -> ImportReport:
    """Import Parquet from two files."""
    _check_two(items, interactions)
    return _import(parquet_source(items, interactions, _now(), columns), rejects, on_progress)


def _check_two(items: Path, interactions: Path) -> None:
    # Columns that are not named become attributes of items: there must be no person in them.
    if items.resolve() == interactions.resolve():
        raise SourceError(f"{items} is given twice. Write the catalogue to a file of its own.")


def _now() -> datetime:
    """Return the database's time: by its clock no record may lie in the future."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        now: datetime = cursor.fetchone()[0]
        return now


def _import(source: Source, rejects: Path, on_progress: OnProgress | None) -> ImportReport:
    began = time.monotonic()
    _check_not_input(source, rejects)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [IMPORT_LOCK])
        with RejectsFile(rejects) as file:
            counts = _Import(source, file, cursor, on_progress).run()
    return ImportReport(
        **counts,
        rejected=file.reasons.total(),
        seconds=time.monotonic() - began,
        reasons=dict(file.reasons.most_common()),
        notices=source.notices,
    )


def _check_not_input(source: Source, rejects: Path) -> None:
    for table in (source.items, source.interactions):
        if rejects.resolve() == table.file.path.resolve():
            raise SourceError(f"{rejects} is what shall be read. Name another file for rejects.")


@dataclass(frozen=True)
class _Import:
    """One import under way. A line counts half when it is read and half when it is stored."""

    source: Source
    rejects: RejectsFile
    cursor: CursorWrapper
    on_progress: OnProgress | None

    def run(self) -> dict[str, int]:
        """Read the files, store what is good, and return the counts."""
        staged = self._stage()
        ingest_lock()
        self.cursor.execute(staging.PREPARE)
        items = staging.change(self.cursor, staging.INSERT_ITEMS)
        rejected = self._reject(staging.changed_items(self.cursor, self.source.items.file.name))
        suppressed = len(staging.suppress(self.cursor))
        file = self.source.interactions.file.name
        rejected += self._reject(staging.unknown_items(self.cursor, file))
        parking = park(self.cursor)
        rejected += self._reject(parking.rejects(file))
        parked = len(parking.parked)
        subjects = staging.change(self.cursor, staging.INSERT_SUBJECTS)
        interactions = self._store_interactions()
        rejected += self._reject(staging.changed_interactions(self.cursor, file))
        return {
            "items": items,
            "subjects": subjects,
            "interactions": interactions,
            "unchanged": staged - items - interactions - rejected - suppressed - parked,
            "suppressed": suppressed,
            "parked": parked,
        }

    def _stage(self) -> int:
        """Copy what the files hold into temporary tables; return the number of good rows."""
        self.cursor.execute(staging.CREATE)
        rows = 0
        with self.cursor.copy(staging.COPY_ITEMS) as copy:
            for item in self._good(self.source.items, before=0):
                copy.write_row((*item[:3], json.dumps(item.attributes)))
                rows += 1
        with self.cursor.copy(staging.COPY_INTERACTIONS) as copy:
            for interaction in self._good(self.source.interactions, before=self._item_lines):
                copy.write_row((*interaction[:4], interaction.at.isoformat()))
                rows += 1
        return rows

    def _store_interactions(self) -> int:
        lines = self.source.interactions.file.lines
        step = max(SMALLEST_PART, lines // PARTS)
        stored = 0
        for first in range(0, lines + 1, step):
            bounds = (first, first + step)
            stored += staging.change(self.cursor, staging.INSERT_INTERACTIONS, bounds)
            self._tell(self._lines + self._item_lines + first + step)
        return stored

    def _good(self, table: Table[Row], *, before: int) -> Iterator[Row]:
        for row in table.read():
            if row.line % 1000 == 0:
                self._tell(before + row.line)
            if isinstance(row, Reject):
                self.rejects.add(row)
            else:
                yield row

    def _reject(self, rejects: Iterable[Reject]) -> int:
        before = self.rejects.reasons.total()
        for reject in rejects:
            self.rejects.add(reject)
        return self.rejects.reasons.total() - before

    @property
    def _item_lines(self) -> int:
        return self.source.items.file.lines

    @property
    def _lines(self) -> int:
        return self._item_lines + self.source.interactions.file.lines

    def _tell(self, halves: int) -> None:
        if self.on_progress:
            self.on_progress(min(halves // 2, self._lines), self._lines)
