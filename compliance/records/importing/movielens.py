"""MovieLens as GroupLens publishes it: CSV folders (such as `ml-latest`) and ml-100k. Pure."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from pathlib import Path

from compliance.records.importing.fields import (
    ATTRIBUTE_LENGTH,
    TITLE_LENGTH,
    rating,
    required,
    seconds,
    text,
)
from compliance.records.importing.lines import inspect
from compliance.records.importing.rows import FaultError, InteractionRow, ItemRow
from compliance.records.importing.tables import Source, TextTable, csv_table, encoding_notices

LATEST_FILES = ("movies.csv", "ratings.csv")
ML_100K_FILES = ("u.item", "u.data")

NO_GENRES = "(no genres listed)"
# The order of the genre flags in u.item, after the first, which means "unknown".
# fmt: off
ML_100K_GENRES = (
    "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama",
    "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller",
    "War", "Western",
)
# fmt: on
ML_100K_DETAILS = ("movie id", "title", "release date", "video release date", "IMDb URL", "unknown")
_YEAR = re.compile(r"\((\d{4})\)$", re.ASCII)


def latest_source(folder: Path, now: datetime) -> Source:
    """Return the tables of an `ml-latest*` folder."""
    movies, ratings = (folder / name for name in LATEST_FILES)
    items = csv_table(movies, ("movieId", "title", "genres"), _movie)
    interactions = csv_table(
        ratings,
        ("userId", "movieId", "rating", "timestamp"),
        partial(_rating, now=now, least=Decimal("0.5")),
    )
    return Source(items, interactions, encoding_notices(items, interactions))


def ml_100k_source(folder: Path, now: datetime) -> Source:
    """Return the tables of an ml-100k folder, which is Latin-1 and has no headers."""
    movies, ratings = (inspect(folder / name) for name in ML_100K_FILES)
    columns = (*ML_100K_DETAILS, *ML_100K_GENRES)
    items = TextTable(movies, _ml_100k_movie, columns, _splitter("|"), has_header=False)
    interactions = TextTable(
        ratings,
        partial(_rating, now=now, least=Decimal("1")),
        ("user id", "item id", "rating", "timestamp"),
        _splitter("\t"),
        has_header=False,
    )
    return Source(items, interactions)


def _movie(line: int, cells: Sequence[str]) -> ItemRow:
    genres = text("genres", cells[2], ATTRIBUTE_LENGTH)
    listed = [] if genres == NO_GENRES else [part for part in genres.split("|") if part]
    title = required("title", cells[1], TITLE_LENGTH)
    return ItemRow(line, required("movieId", cells[0]), title, _attributes(listed, _year(title)))


def _ml_100k_movie(line: int, cells: Sequence[str]) -> ItemRow:
    flags = cells[len(ML_100K_DETAILS) - 1 :]
    for flag in flags:
        if flag.strip() not in {"0", "1"}:
            raise FaultError(flag, "genre flag is neither 0 nor 1")
    listed = [
        genre for genre, flag in zip(ML_100K_GENRES, flags[1:], strict=True) if flag.strip() == "1"
    ]
    title = required("title", cells[1], TITLE_LENGTH)
    return ItemRow(line, required("movie id", cells[0]), title, _attributes(listed, _year(title)))


def _rating(line: int, cells: Sequence[str], *, now: datetime, least: Decimal) -> InteractionRow:
    return InteractionRow(
        line,
        required("user id", cells[0]),
        required("movie id", cells[1]),
        rating(cells[2], least, Decimal("5")),
        seconds(cells[3], now),
    )


def _attributes(genres: list[str], year: str) -> dict[str, str]:
    values = {"genres": ", ".join(genres), "year": year}
    return {name: value for name, value in values.items() if value}


def _year(title: str) -> str:
    match = _YEAR.search(title)
    return match[1] if match else ""


def _splitter(separator: str) -> Callable[[str], list[str]]:
    return lambda line: line.split(separator)
