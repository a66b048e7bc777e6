"""Read a file of rows: each line that is not empty becomes a row or a reject, never both. Pure."""

import csv
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from compliance.records.importing.lines import (
    LONGEST_LINE,
    DataFile,
    TextFile,
    inspect,
    raw_lines,
)
from compliance.records.importing.rows import (
    ClassRow,
    ContactLine,
    FaultError,
    InteractionRow,
    ItemRow,
    Reject,
    SourceError,
)

Row = TypeVar("Row", ItemRow, InteractionRow, ClassRow, ContactLine)
LONGEST_VALUE = 200


@dataclass(frozen=True)
class Table(ABC, Generic[Row]):
    """A file, and how the cells of a line become a row."""

    file: DataFile
    parse: Callable[[int, Sequence[str]], Row]

    def read(self) -> Iterator[Row | Reject]:
        """Yield what each line is. Raises `SourceError` where the file cannot be read on."""
        for number, raw in self._lines():
            try:
                yield self.parse(number, self._cells(raw))
            except FaultError as fault:
                yield Reject(self.file.name, number, printable(fault.value), fault.reason)

    @abstractmethod
    def _lines(self) -> Iterator[tuple[int, Any]]:
        """Yield number and content of each line that holds a row."""

    @abstractmethod
    def _cells(self, raw: Any) -> Sequence[str]:
        """Return the cells of a line's content, or raise `FaultError`."""


@dataclass(frozen=True)
class TextTable(Table[Row]):
    """Lines of text, split into cells."""

    file: TextFile
    columns: tuple[str, ...]
    split: Callable[[str], list[str]]
    has_header: bool = True

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        lines = raw_lines(self.file.path)
        if self.has_header:
            next(lines, None)
        return lines

    def _cells(self, raw: bytes) -> list[str]:
        if len(raw) > LONGEST_LINE:
            raise FaultError(f"over {LONGEST_LINE} bytes", "line is too long")
        cells = self.split(self._decoded(raw))
        if len(cells) != len(self.columns):
            raise FaultError(
                f"columns: {len(cells)}", f"line must have {len(self.columns)} columns"
            )
        return cells

    def _decoded(self, raw: bytes) -> str:
        encoding = self.file.encoding
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            seen = raw.decode(encoding, errors="replace")
            raise FaultError(seen, f"line is not {encoding}") from None


@dataclass(frozen=True)
class Source:
    """A catalogue and the interactions with it."""

    items: Table[ItemRow]
    interactions: Table[InteractionRow]
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Dialect:
    """How a file of separated values is written; by default as RFC 4180 has it.

    `escape`, if any, takes its special meaning from the character after it. `encoding` None
    is UTF-8, or Latin-1 for a file that is not UTF-8 throughout.
    """

    delimiter: str = ","
    escape: str | None = None
    encoding: str | None = None

    def header(self, path: Path) -> tuple[str, ...]:
        """Return the column names in a file's first line; none where the file is empty."""
        file = inspect(path, self.encoding)
        _, raw = next(raw_lines(path), (0, b""))
        try:
            cells = self.split(raw[:LONGEST_LINE].decode(file.encoding, errors="replace"))
        except FaultError:
            cells = []
        return tuple(cell.strip() for cell in cells)

    def split(self, text: str) -> list[str]:
        """Split a line; within double quotes a delimiter is text, and `""` is a quote."""
        if '"' not in text and (not self.escape or self.escape not in text):
            return text.split(self.delimiter)
        reader = csv.reader([text], delimiter=self.delimiter, escapechar=self.escape, strict=True)
        try:
            return next(reader)
        except csv.Error:
            raise FaultError(text, "quotes do not match") from None


PLAIN = Dialect()


def csv_table(
    path: Path,
    columns: tuple[str, ...],
    parse: Callable[[int, Sequence[str]], Row],
) -> TextTable[Row]:
    """Return a table of comma-separated values whose header must be `columns`."""
    found = PLAIN.header(path)
    if found != columns:
        shown = shown_header(found, columns)
        raise SourceError(f"The first line of {path} is {shown}. It must be {','.join(columns)!r}.")
    return TextTable(inspect(path), parse, columns, PLAIN.split)


def shown_header(found: Sequence[str], wanted: Collection[str]) -> str:
    """Return what stands where column names should, as an error may repeat it.

    A line without any of the wanted names may be a record, and about somebody.
    """
    if any(found) and not set(found) & set(wanted):
        return "no line of column names"
    return repr(printable(",".join(found)))


def printable(value: str) -> str:
    """Return the start of `value` with control characters spelled out."""
    cut = value[:LONGEST_VALUE] + ("…" if len(value) > LONGEST_VALUE else "")
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in cut)


def encoding_notices(
    *tables: Table[ItemRow] | Table[InteractionRow] | Table[ClassRow] | Table[ContactLine],
) -> tuple[str, ...]:
    """Say which files are not UTF-8 and were taken for Latin-1."""
    return tuple(
        f"{table.file.name} is not UTF-8; it was read as Latin-1."
        for table in tables
        if isinstance(table.file, TextFile) and table.file.guessed
    )
