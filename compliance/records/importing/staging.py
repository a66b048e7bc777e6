"""Move staged rows into the tables: what is new goes in, what contradicts a row is told.

Two temporary tables hold what was read. The first of several rows with one key wins, in a file as
in the database, so an import in two parts gives what one import gives.
"""

from collections.abc import Iterable, Iterator

from django.db.backends.utils import CursorWrapper

from compliance.records.importing.rows import Reject
from compliance.records.models import Suppression
from compliance.records.suppression import Refusals, refusals

CREATE = """
DROP TABLE IF EXISTS staged_item, staged_interaction, staged_suppression;
CREATE TEMPORARY TABLE staged_item (
    line bigint, external_id text, title text, attributes jsonb
) ON COMMIT DROP;
CREATE TEMPORARY TABLE staged_interaction (
    line bigint, subject text, item text, rating numeric(4, 2), occurred_at timestamptz
) ON COMMIT DROP;
CREATE TEMPORARY TABLE staged_suppression (
    subject text, since timestamptz, until timestamptz
) ON COMMIT DROP;
"""
COPY_ITEMS = "COPY staged_item FROM STDIN"
COPY_INTERACTIONS = "COPY staged_interaction FROM STDIN"
# Lines stand in the file's order, so a block index is small and enough.
PREPARE = """
CREATE INDEX ON staged_interaction USING brin (line);
ANALYZE staged_item;
ANALYZE staged_interaction;
"""

INSERT_ITEMS = """
INSERT INTO records_item (external_id, title, attributes)
SELECT DISTINCT ON (external_id) external_id, title, attributes
FROM staged_item ORDER BY external_id, line
ON CONFLICT DO NOTHING
"""
CHANGED_ITEMS = """
SELECT staged.line, item.title = staged.title, staged.title, item.title
FROM staged_item staged JOIN records_item item USING (external_id)
WHERE (item.title, item.attributes) <> (staged.title, staged.attributes)
ORDER BY staged.line
"""

SUPPRESS = """
DELETE FROM staged_interaction staged USING staged_suppression suppression
WHERE suppression.subject = staged.subject AND staged.occurred_at <= suppression.until
    AND (suppression.since IS NULL OR suppression.since <= staged.occurred_at)
RETURNING staged.line
"""
OF_SUBJECTS = """
SELECT line, subject, item, occurred_at FROM staged_interaction WHERE subject = ANY(%s)
"""
DROP_LINES = "DELETE FROM staged_interaction WHERE line = ANY(%s)"
UNKNOWN_ITEMS = """
DELETE FROM staged_interaction staged
WHERE NOT EXISTS (SELECT FROM records_item item WHERE item.external_id = staged.item)
RETURNING line, item
"""
# In the order of `subjects_lock`.
INSERT_SUBJECTS = """
INSERT INTO records_subject (external_id)
SELECT subject FROM staged_interaction GROUP BY subject ORDER BY subject COLLATE "C"
ON CONFLICT DO NOTHING
"""
INSERT_INTERACTIONS = """
INSERT INTO records_interaction (subject_id, item_id, rating, occurred_at)
SELECT DISTINCT ON (subject.id, item.id, staged.occurred_at)
    subject.id, item.id, staged.rating, staged.occurred_at
FROM staged_interaction staged
JOIN records_subject subject ON subject.external_id = staged.subject
JOIN records_item item ON item.external_id = staged.item
WHERE staged.line >= %s AND staged.line < %s
ORDER BY subject.id, item.id, staged.occurred_at, staged.line
ON CONFLICT DO NOTHING
"""
CHANGED_INTERACTIONS = """
SELECT staged.line, staged.rating, stored.rating
FROM staged_interaction staged
JOIN records_subject subject ON subject.external_id = staged.subject
JOIN records_item item ON item.external_id = staged.item
JOIN records_interaction stored ON stored.subject_id = subject.id AND stored.item_id = item.id
    AND stored.occurred_at = staged.occurred_at
WHERE stored.rating <> staged.rating
ORDER BY staged.line
"""


def change(
    cursor: CursorWrapper, statement: str, parameters: tuple[int | list[int], ...] = ()
) -> int:
    """Run a statement and return how many rows it added or removed."""
    cursor.execute(statement, parameters or None)
    return int(cursor.rowcount)


def suppress(cursor: CursorWrapper) -> list[int]:
    """Drop the staged records that were erased and dated up to that; return their lines."""
    if not Suppression.objects.exists():
        return []
    cursor.execute("SELECT DISTINCT subject FROM staged_interaction")
    found = list(refusals(row[0] for row in cursor.fetchall()))
    with cursor.copy("COPY staged_suppression FROM STDIN") as copy:
        for refused in found:
            for since, until in refused.spans:
                copy.write_row((refused.external_id, since, until))
    cursor.execute(SUPPRESS)
    return [line for (line,) in cursor.fetchall()] + _suppress_parts(cursor, found)


def _suppress_parts(cursor: CursorWrapper, found: Iterable[Refusals]) -> list[int]:
    """Drop the staged records that were erased one by one or with their item."""
    partly = {refused.external_id: refused for refused in found if refused.parts}
    cursor.execute(OF_SUBJECTS, [list(partly)])
    lines = [
        line
        for line, subject, item, at in cursor.fetchall()
        if partly[subject].refuses_part(item, at)
    ]
    cursor.execute(DROP_LINES, [lines])
    return lines


def changed_items(cursor: CursorWrapper, file: str) -> Iterator[Reject]:
    """Yield the lines that would change an item: items stay as they were first read."""
    cursor.execute(CHANGED_ITEMS)
    for line, same_title, title, stored in cursor.fetchall():
        if same_title:
            yield Reject(file, line, title, "item is in the catalogue with other attributes")
        else:
            value = f"{title}; the catalogue has {stored}"
            yield Reject(file, line, value, "item is in the catalogue with another title")


def unknown_items(cursor: CursorWrapper, file: str) -> Iterator[Reject]:
    """Drop and yield the interactions with items that the catalogue lacks."""
    cursor.execute(UNKNOWN_ITEMS)
    for line, item in sorted(cursor.fetchall()):
        yield Reject(file, line, item, "item is not in the catalogue")


def changed_interactions(cursor: CursorWrapper, file: str) -> Iterator[Reject]:
    """Yield the lines that rate an item otherwise than a stored record of the same time."""
    cursor.execute(CHANGED_INTERACTIONS)
    for line, rating, stored in cursor.fetchall():
        value = f"{rating}; stored is {stored}"
        yield Reject(file, line, value, "subject rated the item otherwise at the same time")
