"""Item-based collaborative filtering on residuals, shrunk (Sarwar et al. 2001; Koren 2008)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.sparse import csc_array

from recmodel.evaluation.baseline import Baseline, History
from recmodel.evaluation.data import Floats, Records
from recmodel.evaluation.factors import Factors


@dataclass
class ItemCF(Baseline):
    """What is expected of subject and item, and what the subject's similar items add to it.

    A residual is what a reaction was beyond the biases (`Factors` with d = 0). Two items are alike
    as the cosine of their residuals, times pairs / (pairs + shrink) where `pairs` people met both.
    The `most` items of the history that are most alike speak, one of no surprise with weight
    `doubt` beside them.
    """

    shrink: float = 50.0
    most: int = 50
    doubt: float = 1.0
    bias_ridge: float = 4.0
    _expected: Factors = field(init=False, repr=False)

    def train(self, known: Records) -> Iterator[int]:
        self._expected = Factors(d=0, bias_ridge=self.bias_ridge).fit(known)
        coded = self._expected.coded
        each = [
            np.array([r.liked for r in mine]) - self._expected.score(mine, [r.item for r in mine])
            for mine in known.values()
        ]
        residuals = np.concatenate([np.empty(0), *each])
        shape = (coded.subjects, len(coded.items) + 1)
        where = (coded.users, coded.places)
        self._residuals = csc_array((residuals, where), shape=shape)
        self._met = csc_array((np.ones(len(residuals)), where), shape=shape)
        self._lengths = np.sqrt(np.bincount(coded.places, weights=residuals**2, minlength=shape[1]))
        yield 1

    def score(self, history: History, items: Sequence[str]) -> Floats:
        expected = self._expected.score(history, items)
        if not history:
            return expected
        met = [reaction.item for reaction in history]
        surprise = np.array([r.liked for r in history]) - self._expected.score(history, met)
        alike = self._alike(items, met)
        if alike.shape[1] > self.most:
            least = -np.partition(-np.abs(alike), self.most - 1, axis=1)[:, self.most - 1]
            alike = np.where(np.abs(alike) >= least[:, None], alike, 0.0)
        found: Floats = expected + alike @ surprise / (np.abs(alike).sum(axis=1) + self.doubt)
        return found

    def _alike(self, items: Sequence[str], met: Sequence[str]) -> Floats:
        """Return how much alike items are, [items, met]."""
        rows, columns = self._expected.coded.lookup(items), self._expected.coded.lookup(met)
        pairs = (self._met[:, rows].T @ self._met[:, columns]).toarray()
        products = (self._residuals[:, rows].T @ self._residuals[:, columns]).toarray()
        lengths = self._lengths[rows][:, None] * self._lengths[columns]
        cosines = np.divide(products, lengths, out=np.zeros_like(products), where=lengths > 0)
        found: Floats = cosines * pairs / (pairs + self.shrink)
        return found
