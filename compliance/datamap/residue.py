"""Where an identifier is left in the database: in clear, encrypted, or as a keyed digest."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import DatabaseError, connection

from compliance.datamap.cells import Found, Place, column_search
from compliance.datamap.columns import Column
from compliance.datamap.expecting import Verdict, verdict
from compliance.datamap.needles import needles_of
from compliance.datamap.tables import TABLES

# Numbers, times and truth values cannot hold an identifier, and row numbers are none.
PLACES = """
    SELECT columns.table_schema, columns.table_name, columns.column_name, columns.data_type,
           coalesce(key.column_name, 'ctid')
    FROM information_schema.columns
    JOIN information_schema.tables USING (table_schema, table_name)
    LEFT JOIN (
        SELECT space.nspname AS table_schema, relation.relname AS table_name,
               min(attribute.attname) AS column_name
        FROM pg_index AS index
        JOIN pg_class AS relation ON relation.oid = index.indrelid
        JOIN pg_namespace AS space ON space.oid = relation.relnamespace
        JOIN pg_attribute AS attribute
          ON attribute.attrelid = relation.oid AND attribute.attnum = ANY(index.indkey)
        WHERE index.indisprimary
        GROUP BY 1, 2 HAVING count(*) = 1
    ) AS key USING (table_schema, table_name)
    WHERE table_type = 'BASE TABLE'
      AND table_schema NOT IN ('pg_catalog', 'information_schema') AND table_schema !~ '^pg_'
      AND data_type NOT IN ('smallint', 'integer', 'bigint', 'numeric', 'real', 'double precision',
                            'boolean', 'date', 'timestamp with time zone', 'interval')
    ORDER BY 1, 2, 3
"""


@dataclass(frozen=True)
class Residue:
    """One find. It says where, and nothing of what."""

    table: str
    column: str
    form: str
    rows: int
    verdict: Verdict


@dataclass(frozen=True)
class Unread:
    """Cells that could not be opened: nobody knows what they hold."""

    table: str
    column: str
    rows: int


class SearchError(Exception):
    """A column could not be searched; the text says which, and quotes nothing."""

    def __init__(self, place: Place, error: str) -> None:
        super().__init__(f"{place.table}.{place.name} could not be searched: {error}.")


def residue_of(identifier: str) -> tuple[list[Residue], list[Unread]]:
    """Search every column; return what was found, and what could not be read.

    Raise `SearchError` where Postgres refuses.
    """
    needles = needles_of(identifier)
    found: list[Residue] = []
    unread: list[Unread] = []
    for place in _places():
        said = _said(place)
        try:
            searched = column_search(place, said, needles)
        except DatabaseError as error:  # its words quote the query, and with it the identifier
            raise SearchError(place, type(error).__name__) from None
        found += [_residue(hit, said) for hit in searched.found]
        if searched.unreadable:
            unread.append(Unread(place.table, place.name, searched.unreadable))
    return found, unread


def _places() -> Iterator[Place]:
    with connection.cursor() as cursor:
        cursor.execute(PLACES)
        rows = cursor.fetchall()
    for row in rows:
        yield Place(*row)


def _said(place: Place) -> Column | None:
    table = TABLES.get(place.table)
    return table.columns.get(place.name) if table else None


def _residue(hit: Found, said: Column | None) -> Residue:
    return Residue(
        hit.place.table, hit.place.name, hit.needle.name, len(hit.rows), verdict(hit, said)
    )
