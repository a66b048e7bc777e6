"""MovieLens files as texts and reactions, for measuring only: nothing of them is in the base."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from recmodel.prompts import Reaction, item_text

# A film counts as liked above this many stars, as in TALLRec (arXiv 2305.00447) for whole stars.
LIKED_ABOVE = 3.5


RATINGS = (0.0, 10.0)


class FolderError(ValueError):
    """A folder cannot be read as MovieLens'. The message says where, and repeats no value."""


def read_movielens(
    folder: Path, liked_above: float = LIKED_ABOVE
) -> tuple[dict[str, str], dict[str, list[Reaction]]]:
    """Return item texts by id and each user's reactions in time order.

    Ratings of films that movies.csv lacks are left out. Raises FolderError, naming file and line,
    for a folder without the two files or with other content.
    """
    films = _rows(folder / "movies.csv", ("movieId", "title", "genres"))
    texts = {item: _text(title, genres) for _, (item, title, genres) in films}
    records: dict[str, list[Reaction]] = {}
    path = folder / "ratings.csv"
    for line, (user, item, rating, at) in _rows(path, ("userId", "movieId", "rating", "timestamp")):
        if item in texts:
            try:
                reaction = Reaction(item, _rating(rating) > liked_above, _moment(at))
            except (ValueError, OverflowError, OSError):
                raise FolderError(
                    f"{path}, line {line}: the rating is no number from {RATINGS[0]:g} to"
                    f" {RATINGS[1]:g}, or the timestamp no seconds since 1970: correct the line or"
                    " leave it out"
                ) from None
            records.setdefault(user, []).append(reaction)
    for mine in records.values():
        mine.sort(key=lambda r: (r.at, r.item))
    return texts, records


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of each line and its cells in these columns."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if not set(columns) <= set(rows.fieldnames or ()):
                raise FolderError(f"{path}: the first line must name {','.join(columns)}")
            for row in rows:
                if any(row[name] is None for name in columns):
                    raise FolderError(f"{path}, line {rows.line_num} has too few columns: mend it")
                yield rows.line_num, [row[name] for name in columns]
    except UnicodeDecodeError:
        raise FolderError(f"{path} is not UTF-8: save it as UTF-8") from None
    except csv.Error:
        raise FolderError(f"{path} is no text with values between commas: write it anew") from None
    except OSError as error:
        raise FolderError(f"{path} cannot be read ({error.strerror}): check the folder") from None


def _rating(text: str) -> float:
    rating = float(text)
    if not RATINGS[0] <= rating <= RATINGS[1]:  # nan is in no range
        raise ValueError
    return rating


def _moment(text: str) -> str:
    return datetime.fromtimestamp(int(text), UTC).isoformat()


def _text(title: str, genres: str) -> str:
    return item_text(re.sub(r"\s+", " ", title), {"genres": genres})
