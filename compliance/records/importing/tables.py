"""Read a file of rows: each line that is not empty becomes a row or a reject, never both. Pure."""

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from compliance.records.importing.lines import LONGEST_LINE, TextFile, inspect, raw_lines
from compliance.records.importing.rows import (
    ClassRow,
    FaultError,
    InteractionRow,
    ItemRow,
    Reject,
    SourceError,
)

Row = TypeVar("Row", ItemRow, InteractionRow, ClassRow)
LONGEST_VALUE = 200


@dataclass(frozen=True)
class Table(Generic[Row]):
    """A file, its columns, and how the cells of a line become a row."""

    file: TextFile
    columns: tuple[str, ...]
    split: Callable[[str], list[str]]
    parse: Callable[[int, Sequence[str]], Row]
    has_header: bool = True

    def read(self) -> Iterator[Row | Reject]:
        """Yield what each line below the header is."""
        lines = raw_lines(self.file.path)
        if self.has_header:
            next(lines, None)
        for number, raw in lines:
            try:
                yield self.parse(number, self._cells(raw))
            except FaultError as fault:
                yield Reject(self.file.name, number, printable(fault.value), fault.reason)

    def _cells(self, raw: bytes) -> list[str]:
        if len(raw) > LONGEST_LINE:
            raise FaultError(f"over {LONGEST_LINE} bytes", "line is too long")
        cells = self.split(raw.decode(self.file.encoding))
        if len(cells) != len(self.columns):
            raise FaultError(
                f"columns: {len(cells)}", f"line must have {len(self.columns)} columns"
            )
        return cells


@dataclass(frozen=True)
class Source:
    """A catalogue and the interactions with it."""

    items: Table[ItemRow]
    interactions: Table[InteractionRow]
    notices: tuple[str, ...] = ()


def csv_table(
    path: Path,
    columns: tuple[str, ...],
    parse: Callable[[int, Sequence[str]], Row],
) -> Table[Row]:
    """Return a table of comma-separated values whose header must be `columns`."""
    found = csv_header(path)
    if found != columns:
        # A line without any of the names may be a record, and about somebody.
        is_header = not any(found) or set(found) & set(columns)
        shown = repr(printable(",".join(found))) if is_header else "no line of column names"
        raise SourceError(f"The first line of {path} is {shown}. It must be {','.join(columns)!r}.")
    return Table(inspect(path), columns, split_csv, parse)


def csv_header(path: Path) -> tuple[str, ...]:
    """Return the column names in a file's first line; none where the file is empty."""
    file = inspect(path)
    _, raw = next(raw_lines(path), (0, b""))
    try:
        cells = split_csv(raw[:LONGEST_LINE].decode(file.encoding, errors="replace"))
    except FaultError:
        cells = []
    return tuple(cell.strip() for cell in cells)


def split_csv(text: str) -> list[str]:
    """Split a line at its commas; within double quotes a comma is text, and `""` is a quote."""
    if '"' not in text:
        return text.split(",")
    try:
        return next(csv.reader([text], strict=True))
    except csv.Error:
        raise FaultError(text, "quotes do not match") from None


def printable(value: str) -> str:
    """Return the start of `value` with control characters spelled out."""
    cut = value[:LONGEST_VALUE] + ("…" if len(value) > LONGEST_VALUE else "")
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in cut)


def encoding_notices(
    *tables: Table[ItemRow] | Table[InteractionRow] | Table[ClassRow],
) -> tuple[str, ...]:
    """Say which files are not UTF-8 and were taken for Latin-1."""
    return tuple(
        f"{table.file.name} is not UTF-8; it was read as Latin-1."
        for table in tables
        if table.file.encoding == "latin-1"
    )
