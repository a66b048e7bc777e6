"""MovieLens files as texts and reactions, for measuring only: nothing of them is in the base."""

from __future__ import annotations

import csv
import re
from datetime import UTC, datetime
from pathlib import Path

from recmodel.prompts import Reaction, item_text

# A film counts as liked above this many stars, as in TALLRec (arXiv 2305.00447) for whole stars.
LIKED_ABOVE = 3.5


def read_movielens(
    folder: Path, liked_above: float = LIKED_ABOVE
) -> tuple[dict[str, str], dict[str, list[Reaction]]]:
    """Return item texts by id and each user's reactions in time order.

    Ratings of films that movies.csv lacks are left out. Raises FileNotFoundError for a folder
    without the two files.
    """
    with (folder / "movies.csv").open(encoding="utf-8", newline="") as file:
        texts = {row["movieId"]: _text(row["title"], row["genres"]) for row in csv.DictReader(file)}
    records: dict[str, list[Reaction]] = {}
    with (folder / "ratings.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["movieId"] in texts:
                liked = float(row["rating"]) > liked_above
                at = datetime.fromtimestamp(int(row["timestamp"]), UTC).isoformat()
                reaction = Reaction(row["movieId"], liked, at)
                records.setdefault(row["userId"], []).append(reaction)
    for mine in records.values():
        mine.sort(key=lambda r: (r.at, r.item))
    return texts, records


def _text(title: str, genres: str) -> str:
    return item_text(re.sub(r"\s+", " ", title), {"genres": genres})
