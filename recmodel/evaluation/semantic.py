"""Semantic neighbours: how the subject took to items whose texts are alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np

from recmodel.calibrator import neighbour_scores
from recmodel.catalogue import Catalogue
from recmodel.evaluation.baseline import Baseline, History
from recmodel.evaluation.data import Floats, Records
from recmodel.rates import Counts


@dataclass
class SemanticNeighbours(Baseline):
    """The calibrator's neighbour score, times `weight`, on top of the mean of both rates.

    `last`: how many records of the history speak.
    """

    catalogue: Catalogue = field(repr=False)
    weight: float = 1.0
    last: int = 256
    _counts: Counts = field(init=False, repr=False)

    def train(self, known: Records) -> Iterator[int]:
        self._counts = Counts.of_records(chain.from_iterable(known.values()))
        yield 1

    def score(self, history: History, items: Sequence[str]) -> Floats:
        counts = self._counts.without(history)
        own = counts.smoothed(sum(reaction.liked for reaction in history), len(history))
        expected = np.array([(counts.item_rate(item) + own) / 2 for item in items])
        said = neighbour_scores(
            history[-self.last :], items, counts, self.catalogue, self.catalogue.centre
        )
        found: Floats = expected + self.weight * said
        return found
