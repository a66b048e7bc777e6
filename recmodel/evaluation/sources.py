"""Where data sets come from, besides a database: folders of ratings, and simulated people."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from recmodel.catalogue import Catalogue
from recmodel.encoder import Encoder
from recmodel.evaluation.data import DataSet, split_by_time
from recmodel.evaluation.options import EvaluationError
from recmodel.fictional import fictional_catalogue
from recmodel.movielens import FolderError, read_movielens
from recmodel.simulate import subjects

SEED, ITEMS, PEOPLE, RECORDS = 7, 1000, 600, 80

OnEmbedded = Callable[[int, int], None]


def movielens(
    folder: Path,
    encoder: Encoder,
    on_embedded: OnEmbedded,
    *,
    liked_above: Decimal,
    most_targets: int | None,
) -> DataSet:
    """Return the people of a folder in MovieLens' format.

    most_targets: see `split_by_time`. `on_embedded` gets the items embedded so far and all of
    them. Raises EvaluationError for a folder without ratings.csv and movies.csv, or with others.
    """
    try:
        texts, records = read_movielens(folder, float(liked_above))
    except FolderError as error:
        raise EvaluationError(str(error)) from None
    vectors = encoder.encode(list(texts.values()), lambda done: on_embedded(done, len(texts)))
    catalogue = Catalogue(list(texts), vectors)
    split = split_by_time(records, most_targets)
    return DataSet(folder.resolve().name, f"a rating above {liked_above}", catalogue, split)


def simulated(encoder: Encoder, on_embedded: OnEmbedded, *, most_targets: int | None) -> DataSet:
    """Return simulated people over a fictional catalogue that the base has not seen."""
    items = fictional_catalogue(ITEMS, SEED)
    texts = [item.text for item in items]
    vectors = encoder.encode(texts, lambda done: on_embedded(done, len(texts)))
    catalogue = Catalogue([item.external_id for item in items], vectors)
    split = split_by_time(dict(subjects(catalogue, PEOPLE, SEED, RECORDS)), most_targets)
    return DataSet("simulated people", "drawn by the simulation", catalogue, split)
