"""Parquet: a catalogue and its interactions in two files, read row group by row group. Pure."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import types

from compliance.records.importing.columns import PLAIN_COLUMNS, Columns
from compliance.records.importing.lines import LONGEST_LINE, DataFile, check_file
from compliance.records.importing.rows import FaultError, SourceError
from compliance.records.importing.tables import Row, Source, Table, printable

BATCH = 10_000

_TEXT = ("string", "large_string", "string_view", "binary", "large_binary", "binary_view")
_INTEGER = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")


@dataclass(frozen=True)
class ParquetTable(Table[Row]):
    """Rows of a Parquet file, each value as the text that a CSV file would have; null is empty."""

    columns: tuple[str, ...]

    def _lines(self) -> Iterator[tuple[int, tuple[bytes | None, ...]]]:
        number = 0
        with _opened(self.file.path) as file:
            for batch in file.iter_batches(BATCH, columns=list(self.columns)):
                cells = [_bytes(batch.column(name)) for name in self.columns]
                for row in zip(*cells, strict=True):
                    number += 1
                    yield number, row

    def _cells(self, raw: tuple[bytes | None, ...]) -> list[str]:
        return [_text(value) for value in raw]


def parquet_source(
    items: Path, interactions: Path, now: datetime, columns: Columns = PLAIN_COLUMNS
) -> Source:
    """Return the tables of two files."""
    file, schema = _schema(items)
    attributes = columns.of_items(items, schema.names)
    read = tuple(dict.fromkeys((columns.id, columns.title, *attributes.values())))
    _check(items, schema, read, identifiers=(columns.id,))
    catalogue = ParquetTable(file, columns.item_row(read, attributes), read)
    file, schema = _schema(interactions)
    columns.check_interactions(interactions, schema.names)
    times = () if columns.undated else (columns.at,)
    read = tuple(dict.fromkeys((columns.subject, columns.item, columns.rating, *times)))
    _check(interactions, schema, read, identifiers=(columns.subject, columns.item))
    reactions = ParquetTable(file, columns.interaction_row(read, now), read)
    return Source(catalogue, reactions, columns.scale.notices)


def _schema(path: Path) -> tuple[DataFile, pa.Schema]:
    check_file(path)
    with _opened(path) as file:
        return DataFile(path, file.metadata.num_rows), file.schema_arrow


@contextmanager
def _opened(path: Path) -> Iterator[pq.ParquetFile]:
    """Open a file; whatever cannot be read of it, then or later, is a `SourceError`."""
    try:
        with path.open("rb") as raw, pq.ParquetFile(raw) as file:
            yield file
    except PermissionError as error:
        remedy = "Check who may read it."
        raise SourceError(f"{path} cannot be read: {error.strerror}. {remedy}") from None
    except (pa.ArrowException, OSError, MemoryError):
        # Arrow's own words may hold values, and they may be personal.
        remedy = "Write it anew, and see that nothing cut it short."
        raise SourceError(f"{path} is not Parquet, or is damaged. {remedy}") from None


def _check(
    path: Path, schema: pa.Schema, columns: Sequence[str], identifiers: Sequence[str]
) -> None:
    for name in columns:
        kind = _value_type(schema.field(name).type)
        if name in identifiers and str(kind) not in (*_TEXT, *_INTEGER):
            what = "which identifies nothing: write it as text or as integers"
        elif types.is_nested(kind) or types.is_null(kind):
            what = "which is neither text, number nor time: write it as text, or leave it out"
        else:
            continue
        raise SourceError(f"Column {printable(name)!r} of {path} holds {kind}, {what}.")


def _value_type(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if types.is_dictionary(kind) else kind


def _bytes(column: pa.Array) -> Sequence[bytes | None]:
    """Return values as UTF-8; text is not checked yet, for one bad value must not spoil others."""
    kind = _value_type(column.type)
    if types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if types.is_timestamp(kind) and kind.tz:
        column = column.cast(pa.timestamp(kind.unit, "UTC"))
    if str(kind) not in _TEXT:
        column = column.cast(pa.string())
    values: Sequence[bytes | None] = column.cast(pa.large_binary()).to_pylist()
    return values


def _text(value: bytes | None) -> str:
    if value is None:
        return ""
    if len(value) > LONGEST_LINE:
        raise FaultError(f"over {LONGEST_LINE} bytes", "value is too long")
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise FaultError(value.decode(errors="replace"), "value is not UTF-8") from None
