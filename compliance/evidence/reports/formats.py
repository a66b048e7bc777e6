"""Reports as CSV and JSON, piece by piece, so that a long one needs no memory. Pure.

CSV is RFC 4180 in UTF-8. A text that a spreadsheet would take for a formula gets an apostrophe in
front; numbers, negative ones too, stay as they are.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from itertools import islice
from typing import Any
from uuid import UUID

from compliance.spreadsheets import harmless

BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
ROWS_A_PIECE = 500

Row = Mapping[str, Any]


class Format(StrEnum):
    """How a report is written."""

    CSV = "csv"
    JSON = "json"


MEDIA_TYPES = {Format.CSV: "text/csv; charset=utf-8", Format.JSON: "application/json"}


def csv_pieces(columns: Sequence[str], rows: Iterable[Row], *, bom: bool = False) -> Iterator[str]:
    """Yield a table with a header; `bom` puts the mark in front that Excel knows UTF-8 by."""
    line = csv.writer(_Echo(), lineterminator="\r\n")
    yield (BOM if bom else "") + line.writerow(columns)
    cells = ([_cell(row[column]) for column in columns] for row in rows)
    while piece := "".join(map(line.writerow, islice(cells, ROWS_A_PIECE))):
        yield piece


def json_pieces(head: Row, name: str, rows: Iterable[Row]) -> Iterator[str]:
    """Yield an object with all of `head`, and the rows as an array under `name`."""
    yield f"{_json(head)[:-1]}{', ' if head else ''}{json.dumps(name)}: ["
    entries, joint = (_json(row) for row in rows), ""
    while piece := ",\n".join(islice(entries, ROWS_A_PIECE)):
        yield joint + piece
        joint = ",\n"
    yield "]}\n"


def json_text(value: Row) -> str:
    """Return a report that is one object."""
    return json.dumps(value, default=plain, ensure_ascii=False, indent=2) + "\n"


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each value inside `value` with where it stands, such as `events/3/actor`."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from leaves(part, f"{path}/{key}" if path else str(key))
    elif isinstance(value, list | tuple):
        for place, part in enumerate(value, start=1):
            yield from leaves(part, f"{path}/{place}")
    else:
        yield path, value


def plain(value: Any) -> Any:
    """Return `value` as JSON types: times in ISO 8601 with their offset."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID | StrEnum):
        return str(value)
    raise TypeError(f"a report cannot hold a {type(value).__name__}")


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, str):
        return harmless(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return value
    return _json(value) if isinstance(value, Mapping) else plain(value)


def _json(value: Any) -> str:
    return json.dumps(value, default=plain, ensure_ascii=False)


class _Echo:
    """A file for csv.writer that hands back what is written."""

    def write(self, text: str) -> str:
        return text
