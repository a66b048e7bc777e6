"""Plain CSV: `items.csv` (id, title, attributes) and `interactions.csv`. Pure."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from compliance.records.importing.fields import (
    ATTRIBUTE_LENGTH,
    TITLE_LENGTH,
    moment,
    rating,
    required,
    text,
)
from compliance.records.importing.rows import InteractionRow, ItemRow, SourceError
from compliance.records.importing.tables import (
    Source,
    csv_header,
    csv_table,
    encoding_notices,
    printable,
)
from compliance.records.models import RATING_MAX, RATING_MIN

FILES = ("items.csv", "interactions.csv")
ITEM_COLUMNS = ("id", "title")
INTERACTION_COLUMNS = ("subject", "item", "rating", "at")


def plain_source(items: Path, interactions: Path, now: datetime) -> Source:
    """Return the tables of two files."""
    names = _attribute_names(items)
    catalogue = csv_table(items, (*ITEM_COLUMNS, *names), partial(_item, names=names))
    reactions = csv_table(interactions, INTERACTION_COLUMNS, partial(_interaction, now=now))
    return Source(catalogue, reactions, encoding_notices(catalogue, reactions))


def _attribute_names(path: Path) -> tuple[str, ...]:
    header = csv_header(path)
    named = all(name and name.isprintable() for name in header)
    if header[:2] != ITEM_COLUMNS or len(set(header)) != len(header) or not named:
        raise SourceError(
            f"The first line of {path} is {printable(','.join(header))!r}. It must be 'id,title', "
            "followed by the names of the attributes, if any, each of them once."
        )
    return header[2:]


def _item(line: int, cells: Sequence[str], *, names: tuple[str, ...]) -> ItemRow:
    attributes = {
        name: text(name, cell, ATTRIBUTE_LENGTH)
        for name, cell in zip(names, cells[2:], strict=True)
    }
    return ItemRow(
        line,
        required("id", cells[0]),
        required("title", cells[1], TITLE_LENGTH),
        {name: value for name, value in attributes.items() if value},
    )


def _interaction(line: int, cells: Sequence[str], *, now: datetime) -> InteractionRow:
    return InteractionRow(
        line,
        required("subject", cells[0]),
        required("item", cells[1]),
        rating(cells[2], RATING_MIN, RATING_MAX),
        moment(cells[3], now),
    )
