"""Biased matrix factorisation by alternating least squares (Koren, Bell, Volinsky 2009)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from recmodel.evaluation.baseline import Baseline, Coded, History, reacted
from recmodel.evaluation.data import Floats, Ints, Records

SWEEPS = 15


@dataclass
class Factors(Baseline):
    """A like as mean + bias of subject + bias of item + product of two vectors of `d` numbers.

    Squared error with a ridge on biases and on vectors, each counted once for a subject or item:
    `bias_ridge`, `ridge`. With d = 0 it is the biases alone. A subject is solved for from its
    history when it is scored, so people who come later are scored like all others. One round is one
    sweep over items and subjects.
    """

    d: int = 8
    ridge: float = 4.0
    bias_ridge: float = 4.0
    seed: int = 0
    coded: Coded = field(init=False, repr=False)
    _items: Floats = field(init=False, repr=False)

    def train(self, known: Records) -> Iterator[int]:
        self.coded = coded = Coded.of(known)
        rng = np.random.default_rng(self.seed)
        residual: Floats = coded.liked - np.float64(coded.overall)
        # A row is an item's vector and bias; the last row is that of items never seen.
        self._items = np.zeros((len(coded.items) + 1, self.d + 1))
        self._items[:-1, : self.d] = 0.1 * rng.standard_normal((len(coded.items), self.d))
        for done in range(1, SWEEPS + 1):
            people = self._solved(coded.users, self._items[coded.places], residual, coded.subjects)
            self._items[:-1] = self._solved(
                coded.places, people[coded.users], residual, len(coded.items)
            )
            yield done

    def score(self, history: History, items: Sequence[str]) -> Floats:
        subject = self.representation(history)
        rows = self._items[self.coded.lookup(items)]
        d = self.d
        found: Floats = rows[:, :d] @ subject[:d] + rows[:, d] + subject[d] + self.coded.overall
        return found

    def representation(self, history: History) -> Floats:
        """Return a subject's vector and, at the end, its bias: [d + 1]."""
        rows = self._items[self.coded.lookup([reaction.item for reaction in history])]
        residual = reacted(history) - self.coded.overall
        found: Floats = self._solved(np.zeros(len(history), np.int64), rows, residual, 1)[0]
        return found

    def _solved(self, owner: Ints, others: Floats, residual: Floats, n: int) -> Floats:
        """Solve for n vectors with biases, [n, d + 1], given the other side's of each record.

        owner [records]: whose record it is; others [records, d + 1].
        """
        design = others.copy()
        design[:, self.d] = 1.0
        wanted = residual - others[:, self.d]
        order = np.argsort(owner, kind="stable")
        starts = np.searchsorted(owner[order], np.arange(n + 1))
        ridge = np.diag([self.ridge] * self.d + [self.bias_ridge])
        found = np.zeros((n, self.d + 1))
        for place in range(n):
            rows = order[starts[place] : starts[place + 1]]
            mine = design[rows]
            found[place] = np.linalg.solve(mine.T @ mine + ridge, mine.T @ wanted[rows])
        return found
