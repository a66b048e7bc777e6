"""CSV: a catalogue and its interactions in two files, with any columns. Pure."""

from datetime import datetime
from pathlib import Path

from compliance.records.importing.columns import PLAIN_COLUMNS, Columns
from compliance.records.importing.lines import inspect
from compliance.records.importing.tables import (
    PLAIN,
    Dialect,
    Source,
    TextTable,
    encoding_notices,
)

FILES = ("items.csv", "interactions.csv")


def plain_source(
    items: Path,
    interactions: Path,
    now: datetime,
    columns: Columns = PLAIN_COLUMNS,
    dialect: Dialect = PLAIN,
) -> Source:
    """Return the tables of two files."""
    header = dialect.header(items)
    attributes = columns.of_items(items, header)
    catalogue = TextTable(
        inspect(items, dialect.encoding),
        columns.item_row(header, attributes),
        header,
        dialect.split,
    )
    header = dialect.header(interactions)
    columns.check_interactions(interactions, header)
    reactions = TextTable(
        inspect(interactions, dialect.encoding),
        columns.interaction_row(header, now),
        header,
        dialect.split,
    )
    notices = (*encoding_notices(catalogue, reactions), *columns.scale.notices)
    return Source(catalogue, reactions, notices)
