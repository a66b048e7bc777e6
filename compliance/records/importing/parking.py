"""Park staged records of restricted subjects, in place of storing them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from django.db.backends.utils import CursorWrapper

from compliance.records.importing.rows import Reject
from compliance.records.importing.staging import DROP_LINES, change
from compliance.records.parking import Parked, parked_add
from compliance.records.restricted import Restricted, first_covering, restrictions

# What is stored already changes nothing, or contradicts: the importer says so as for anybody else.
# In one order of the records, or two calls that bring the same could each wait for the other.
OF_RESTRICTED = """
SELECT staged.line, staged.subject, staged.item, staged.rating, staged.occurred_at
FROM staged_interaction staged
WHERE staged.subject = ANY(%s) AND NOT EXISTS (
    SELECT FROM records_interaction stored
    JOIN records_subject subject ON subject.id = stored.subject_id
    JOIN records_item item ON item.id = stored.item_id
    WHERE subject.external_id = staged.subject AND item.external_id = staged.item
        AND stored.occurred_at = staged.occurred_at
)
ORDER BY staged.subject, staged.item, staged.occurred_at, staged.line
"""


@dataclass
class ParkedLines:
    """What became of lines of restricted subjects: parked, parked before, or contradicting that."""

    parked: list[int] = field(default_factory=list)
    unchanged: list[int] = field(default_factory=list)
    changed: list[tuple[int, Decimal, Decimal]] = field(default_factory=list)

    def rejects(self, file: str) -> Iterator[Reject]:
        """Yield the lines that rate an item otherwise than a parked record of the same time."""
        for line, rating, before in sorted(self.changed):
            value = f"{rating}; parked is {before}"
            yield Reject(file, line, value, "subject rated the item otherwise at the same time")


def park(cursor: CursorWrapper) -> ParkedLines:
    """Take the staged records inside the scope of a restriction, and park those that are new.

    Call it with the ingest lock held, when what is suppressed and what has no item is dropped.
    """
    found: dict[str, list[Restricted]] = {}
    for each in restrictions():
        found.setdefault(each.external_id, []).append(each)
    lines = ParkedLines()
    if not found:
        return lines
    cursor.execute(OF_RESTRICTED, [list(found)])
    for line, subject, item, rating, at in cursor.fetchall():
        if covering := first_covering(found[subject], item, at):
            _park(lines, line, covering, Parked(item, rating, at))
    taken = [*lines.parked, *lines.unchanged, *(line for line, _, _ in lines.changed)]
    change(cursor, DROP_LINES, (taken,))
    return lines


def _park(lines: ParkedLines, line: int, covering: Restricted, record: Parked) -> None:
    before = parked_add(covering.external_id, covering.pk, record)
    if before is None:
        lines.parked.append(line)
    elif before == record.rating:
        lines.unchanged.append(line)
    else:
        lines.changed.append((line, record.rating, before))
