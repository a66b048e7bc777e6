"""Small data sets: people whose likes follow one direction of the tiny catalogue, and a toy."""

import numpy as np

from recmodel.evaluation.data import DataSet, split_by_time
from recmodel.prompts import Reaction
from tests.recmodel import cast


def records(people: int = 14, each: int = 25) -> dict[str, list[Reaction]]:
    """People of whom some like much and some little, and items of which some are good."""
    rng = np.random.default_rng(3)
    good = rng.standard_normal(60)
    found = {}
    for number in range(people):
        logits = rng.normal(0.2, 1.0) + good
        items = rng.permutation(60)[: each + number % 5]
        found[f"person-{number:02}"] = [
            Reaction(f"item-{i}", bool(rng.random() < 1 / (1 + np.exp(-logits[i]))), at(place))
            for place, i in enumerate(items)
        ]
    return found


def at(place: int) -> str:
    return f"2024-01-01T00:{place // 60:02}:{place % 60:02}Z"


def data_set() -> DataSet:
    return DataSet("a small world", "drawn", cast.tiny_catalogue(), split_by_time(records()))


def toy(rows: dict[str, str]) -> dict[str, list[Reaction]]:
    """Records from a matrix: a row of signs a person, + a like, - a dislike, . nothing."""
    return {
        person: [
            Reaction(f"item-{column}", sign == "+", at(column))
            for column, sign in enumerate(signs)
            if sign != "."
        ]
        for person, signs in rows.items()
    }
