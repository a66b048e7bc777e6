"""Take in interactions as they happen: by the rules of an import, with an answer for each line."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from compliance.records.importing import staging
from compliance.records.importing.load import IMPORT_LOCK
from compliance.records.importing.parking import park
from compliance.records.importing.rows import Reject
from compliance.records.services import ingest_lock

FUTURE = """
DELETE FROM staged_interaction WHERE occurred_at > statement_timestamp() RETURNING line
"""
EARLY = "DELETE FROM staged_interaction WHERE occurred_at < to_timestamp(0) RETURNING line"
RETURNING_KEYS = "RETURNING subject_id, item_id, occurred_at"
LINES_OF_KEYS = """
SELECT staged.line, subject.id, item.id, staged.occurred_at
FROM staged_interaction staged
JOIN records_subject subject ON subject.external_id = staged.subject
JOIN records_item item ON item.external_id = staged.item
ORDER BY staged.line DESC
"""


class Outcome(StrEnum):
    """What became of a line."""

    STORED = "stored"
    UNCHANGED = "unchanged"  # it was there already
    PARKED = "parked"  # its subject is restricted: it waits for the decision
    ERASED = "erased"  # it was erased before and does not come back
    REJECTED = "rejected"


@dataclass(frozen=True)
class Interacted:
    """One reaction of a subject to an item. Personal data."""

    subject: str
    item: str
    rating: Decimal
    at: datetime


@dataclass(frozen=True)
class Taken:
    """What became of one line; `reason` says why it was rejected."""

    outcome: Outcome
    reason: str = ""


class ImportUnderWayError(Exception):
    """Nothing was taken in: an import may be bringing the same records."""

    wait = 5

    def __init__(self) -> None:
        super().__init__("An import is under way. Try again when it is done.")


@transaction.atomic
def interactions_take(rows: Sequence[Interacted]) -> list[Taken]:
    """Take in the good ones of `rows`, once however often they come; return what became of each.

    Raises `ImportUnderWayError`.
    """
    taken: dict[int, Taken] = {}
    with connection.cursor() as cursor:
        _require_no_import(cursor)
        _stage(cursor, rows)
        ingest_lock()
        _note_times(taken, cursor)
        _note(taken, staging.suppress(cursor), Taken(Outcome.ERASED))
        _note_rejects(taken, staging.unknown_items(cursor, ""))
        lines = park(cursor)
        _note(taken, lines.parked, Taken(Outcome.PARKED))
        _note_rejects(taken, lines.rejects(""))
        staging.change(cursor, staging.INSERT_SUBJECTS)
        _note(taken, _store(cursor, len(rows)), Taken(Outcome.STORED))
        _note_rejects(taken, staging.changed_interactions(cursor, ""))
    return [taken.get(line, Taken(Outcome.UNCHANGED)) for line in range(len(rows))]


def _require_no_import(cursor: CursorWrapper) -> None:
    # Shared among these calls: each inserts in one order. An import does not, and goes alone.
    cursor.execute("SELECT pg_try_advisory_xact_lock_shared(%s)", [IMPORT_LOCK])
    if not cursor.fetchone()[0]:
        raise ImportUnderWayError


def _stage(cursor: CursorWrapper, rows: Sequence[Interacted]) -> None:
    cursor.execute(staging.CREATE)
    with cursor.copy(staging.COPY_INTERACTIONS) as copy:
        for line, row in enumerate(rows):
            copy.write_row((line, row.subject, row.item, row.rating, row.at.isoformat()))


def _store(cursor: CursorWrapper, lines: int) -> list[int]:
    """Insert what is left; return the lines that brought something new."""
    cursor.execute(LINES_OF_KEYS)
    first = {tuple(key): line for line, *key in cursor.fetchall()}
    cursor.execute(staging.INSERT_INTERACTIONS + RETURNING_KEYS, [0, lines])
    return [first[key] for key in cursor.fetchall()]


def _note(taken: dict[int, Taken], lines: Iterable[int], what: Taken) -> None:
    taken.update(dict.fromkeys(lines, what))


def _note_times(taken: dict[int, Taken], cursor: CursorWrapper) -> None:
    for times, reason in ((FUTURE, "time is in the future"), (EARLY, "time is before 1970")):
        cursor.execute(times)
        _note(taken, [line for (line,) in cursor.fetchall()], Taken(Outcome.REJECTED, reason))


def _note_rejects(taken: dict[int, Taken], rejects: Iterable[Reject]) -> None:
    for reject in rejects:
        taken[reject.line] = Taken(Outcome.REJECTED, reject.reason)
