"""Which column of a table holds what, and how its cells become rows. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from compliance.records.importing.fields import (
    ATTRIBUTE_LENGTH,
    TITLE_LENGTH,
    mapped_rating,
    moment,
    rating,
    required,
    text,
)
from compliance.records.importing.rows import InteractionRow, ItemRow, SourceError
from compliance.records.importing.tables import printable, shown_header
from compliance.records.models import RATING_MAX, RATING_MIN


@dataclass(frozen=True)
class Scale:
    """The least and the highest rating there can be.

    Ratings within what the database holds stay as they are; others are mapped onto it, in two
    decimals.
    """

    least: Decimal = RATING_MIN
    most: Decimal = RATING_MAX

    @property
    def fits(self) -> bool:
        return self.least >= RATING_MIN and self.most <= RATING_MAX

    @property
    def notices(self) -> tuple[str, ...]:
        """Say what became of the ratings, where they were mapped."""
        if self.fits:
            return ()
        middle = (self.least + self.most) / 2
        return (
            f"Ratings from {self.least} to {self.most} are stored from {RATING_MIN} to "
            f"{RATING_MAX}: {middle} is {(RATING_MIN + RATING_MAX) / 2}.",
        )

    def rating(self, value: str) -> Decimal:
        """Return a rating as it is stored, or raise `FaultError`."""
        if self.fits:
            return rating(value, self.least, self.most)
        return mapped_rating(value, (self.least, self.most), (RATING_MIN, RATING_MAX))


@dataclass(frozen=True)
class Columns:
    """The names of the columns, as they stand in the files.

    `attributes` gives columns by the attributes' names; None takes all that are not `id` or
    `title`. Without a column of times every record is dated `undated`.
    """

    id: str = "id"
    title: str = "title"
    attributes: Mapping[str, str] | None = None
    subject: str = "subject"
    item: str = "item"
    rating: str = "rating"
    at: str = "at"
    undated: datetime | None = None
    scale: Scale = field(default_factory=Scale)

    def of_items(self, path: Path, header: Sequence[str]) -> dict[str, str]:
        """Return the attributes' columns by name; `SourceError` where the catalogue lacks any."""
        mine = {"--id": self.id, "--title": self.title}
        if self.attributes is None:
            _check(path, header, mine)
            rest = [name for name in header if name not in (self.id, self.title)]
            named = dict(zip(rest, rest, strict=True))
        else:
            named = dict(self.attributes)
            mine |= {f"--attribute {name}=": column for name, column in named.items()}
        _check(path, header, mine)
        if len(set(header)) != len(header) or not all(n and n.isprintable() for n in named):
            raise SourceError(
                f"The first line of {path} is {shown_header(header, list(mine.values()))}. It must "
                "name every column, each of them once."
            )
        return named

    def check_interactions(self, path: Path, header: Sequence[str]) -> None:
        """Raise `SourceError` where the interactions lack a column, or have it twice."""
        mine = {"--subject": self.subject, "--item": self.item, "--rating": self.rating}
        if self.undated is None:
            mine["--at"] = self.at
        _check(path, header, mine)

    def item_row(
        self, header: Sequence[str], attributes: Mapping[str, str]
    ) -> Callable[[int, Sequence[str]], ItemRow]:
        """Return what makes a row of a line's cells, which stand as `header` says."""
        id_, title = header.index(self.id), header.index(self.title)
        places = {name: header.index(column) for name, column in attributes.items()}

        def row(line: int, cells: Sequence[str]) -> ItemRow:
            values = {
                name: text(name, cells[place], ATTRIBUTE_LENGTH) for name, place in places.items()
            }
            return ItemRow(
                line,
                required("id", cells[id_]),
                required("title", cells[title], TITLE_LENGTH),
                {name: value for name, value in values.items() if value},
            )

        return row

    def interaction_row(
        self, header: Sequence[str], now: datetime
    ) -> Callable[[int, Sequence[str]], InteractionRow]:
        """Return what makes a row of a line's cells, which stand as `header` says."""
        subject, item, rated = (header.index(n) for n in (self.subject, self.item, self.rating))
        at = None if self.undated else header.index(self.at)

        def row(line: int, cells: Sequence[str]) -> InteractionRow:
            return InteractionRow(
                line,
                required("subject", cells[subject]),
                required("item", cells[item]),
                self.scale.rating(cells[rated]),
                self.undated or moment(cells[at or 0], now),
            )

        return row


PLAIN_COLUMNS = Columns()


def _check(path: Path, header: Sequence[str], wanted: Mapping[str, str]) -> None:
    for option, column in wanted.items():
        if (count := header.count(column)) != 1:
            how_often = "no column" if not count else f"{count} columns"
            raise SourceError(
                f"{path} has {how_often} {printable(column)!r}. Its first line is "
                f"{shown_header(header, list(wanted.values()))}: name the right one with {option}."
            )
