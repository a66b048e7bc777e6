"""Look in one column for all forms of an identifier."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from cryptography.fernet import InvalidToken
from django.db import connection
from psycopg import sql

from compliance.datamap.columns import Category, Column
from compliance.datamap.contents import OPENERS, Opener, sealed, texts_of
from compliance.datamap.needles import Needle

SHORT = 6  # characters: a shorter identifier stands in digests and numbers by chance

WITHIN = """EXISTS (
    SELECT FROM unnest({}::text[]) AS one WHERE position(lower(one) IN lower({}::text)) > 0
)"""


@dataclass(frozen=True)
class Place:
    """A column of the database as it is. `key` is the table's primary key, or its `ctid`."""

    schema: str
    table: str
    name: str
    type: str
    key: str


@dataclass
class Found:
    """In which rows of a column a form of the identifier stands, by their keys."""

    place: Place
    needle: Needle
    opened: bool  # only after decrypting or decoding
    rows: list[Any] = field(default_factory=list)


@dataclass
class Searched:
    """What a column gave."""

    found: list[Found]
    unreadable: int = 0  # cells that are encrypted with another key


def column_search(place: Place, said: Column | None, needles: Sequence[Needle]) -> Searched:
    """Look in the cells as they are stored and, where they are closed, in what is inside."""
    found = _as_stored(place, said, needles)
    opener = _opener(place, said)
    if opener is None:
        return Searched(found)
    inside, unreadable = _opened(place, opener, needles)
    return Searched(found + inside, unreadable)


def _opener(place: Place, said: Column | None) -> Opener | None:
    by_name = OPENERS.get((place.table, place.name))
    return by_name or (sealed if said and said.category is Category.SEALED else None)


def _as_stored(place: Place, said: Column | None, needles: Sequence[Needle]) -> list[Found]:
    """Ask for all forms in one reading of the table."""
    conditions = [
        sql.SQL("coalesce({}, false)").format(_condition(place, said, needle)) for needle in needles
    ]
    query = sql.SQL("SELECT {key}, {flags} FROM {table} WHERE {any}").format(
        key=sql.Identifier(place.key),
        flags=sql.SQL(", ").join(conditions),
        table=sql.Identifier(place.schema, place.table),
        any=sql.SQL(" OR ").join(conditions),
    )
    found = [Found(place, needle, opened=False) for needle in needles]
    with connection.cursor() as cursor:
        cursor.execute(query)
        for key, *flags in cursor.fetchall():
            for hit, is_there in zip(found, flags, strict=True):
                hit.rows += [key] if is_there else []
    return [hit for hit in found if hit.rows]


def _condition(place: Place, said: Column | None, needle: Needle) -> sql.Composable:
    """Return what finds the cells: bytes in bytes, and texts in anything else, written as text."""
    column = sql.Identifier(place.name)
    if place.type == "bytea" and is_short(needle):  # any ciphertext holds two given bytes by chance
        return sql.SQL("{} = {}").format(column, sql.Literal(needle.raw))
    if place.type == "bytea":
        return sql.SQL("position({} IN {}) > 0").format(sql.Literal(needle.raw), column)
    if is_short(needle):
        whole = said is None or said.category is Category.NONE
        pattern = ("^(?:{})$" if whole else r"(?:^|\W)(?:{})(?:$|\W)").format(
            "|".join(re.escape(text) for text in needle.texts)
        )
        return sql.SQL("{}::text ~* {}").format(column, sql.Literal(pattern))
    return sql.SQL(WITHIN).format(sql.Literal(list(needle.texts)), column)


def is_short(needle: Needle) -> bool:
    """Tell whether a form is so short that it also stands where nobody means it."""
    return not needle.is_digest and len(needle.texts[0]) < SHORT


def _opened(place: Place, opener: Opener, needles: Sequence[Needle]) -> tuple[list[Found], int]:
    found = [Found(place, needle, opened=True) for needle in needles]
    unreadable = 0
    for key, cell in _cells(place):
        try:
            texts = list(texts_of(opener(cell)))
        except (InvalidToken, ValueError, KeyError):
            unreadable += 1
            continue
        for hit in found:
            if any(_stands_in(hit.needle, text) for text in texts):
                hit.rows.append(key)
    return [hit for hit in found if hit.rows], unreadable


def _cells(place: Place) -> Iterator[tuple[Any, bytes]]:
    query = sql.SQL("SELECT {key}, {column} FROM {table} WHERE {column} IS NOT NULL").format(
        key=sql.Identifier(place.key),
        column=sql.Identifier(place.name),
        table=sql.Identifier(place.schema, place.table),
    )
    with connection.chunked_cursor() as cursor:
        cursor.execute(query)
        for key, cell in cursor:
            yield key, cell.encode() if isinstance(cell, str) else bytes(cell)


def _stands_in(needle: Needle, text: str) -> bool:
    """`text` is in lower case."""
    if is_short(needle):
        return any(
            re.search(rf"(?:^|\W){re.escape(each.lower())}(?:$|\W)", text) for each in needle.texts
        )
    return any(each.lower() in text for each in needle.texts)
