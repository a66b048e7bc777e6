"""The figures of a table, each as a mean over people with weights, so that they can be resampled.

A figure is computed from scores [rows] for weights [people]: 1 each for the figure itself, how
often each person was drawn in a bootstrap sample.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from recmodel.evaluation.data import Bools, Floats, Ints

TOP = 10
SMALLEST = 1e-6  # probabilities are kept this far from 0 and 1, or one row could be infinite
METRICS = ("auc", "user_auc", "ndcg", "log_loss")


@dataclass(frozen=True, eq=False)
class Judged:
    """Scores and probabilities of likes beside the answers, a row a target; users [rows]."""

    score: Floats
    probability: Floats
    liked: Bools
    users: Ints

    def metric(self, name: str, weights: Floats) -> Floats:
        """Return a figure for each row of weights [samples, people]: float64 [samples]."""
        if name == "auc":
            return np.array([self._auc(row) for row in weights])
        values: Floats = getattr(self, name)
        counted = self._rows_of_each if name == "log_loss" else np.ones(len(values))
        counted = np.where(np.isnan(values), 0.0, counted)
        total = weights @ (np.nan_to_num(values) * counted)
        with np.errstate(invalid="ignore"):
            found: Floats = total / (weights @ counted)
        return found

    def figures(self) -> dict[str, float]:
        """Return all figures by name."""
        ones = np.ones((1, len(self._rows_of_each)))
        return {name: float(self.metric(name, ones)[0]) for name in METRICS}

    @cached_property
    def user_auc(self) -> Floats:
        """Return each person's AUC, nan where all its answers are alike."""
        return np.array([auc(self.liked[rows], self.score[rows]) for rows in self._people])

    @cached_property
    def ndcg(self) -> Floats:
        """Return each person's NDCG@10 over its targets, likes as gain, nan where it liked none."""
        return np.array([ndcg(self.liked[rows], self.score[rows]) for rows in self._people])

    @cached_property
    def log_loss(self) -> Floats:
        """Return each person's mean log loss."""
        p = np.clip(self.probability, SMALLEST, 1 - SMALLEST)
        each = -np.where(self.liked, np.log(p), np.log1p(-p))
        sums = np.bincount(self.users, weights=each)
        found: Floats = sums / self._rows_of_each
        return found

    @cached_property
    def _rows_of_each(self) -> Floats:
        return np.bincount(self.users).astype(float)

    @cached_property
    def _people(self) -> list[slice]:
        ends = np.cumsum(self._rows_of_each).astype(int)
        return [slice(start, end) for start, end in zip([0, *ends], ends, strict=False)]

    @cached_property
    def _sorted(self) -> tuple[Ints, Bools, Ints, Ints]:
        """Return users and answers by rising score, and the first and end of each row's ties."""
        order = np.argsort(self.score, kind="stable")
        score = self.score[order]
        first = np.searchsorted(score, score, side="left")
        end = np.searchsorted(score, score, side="right")
        return self.users[order], self.liked[order], first, end

    def _auc(self, weights: Floats) -> float:
        users, liked, first, end = self._sorted
        weight = weights[users]
        below = np.concatenate([[0.0], np.cumsum(weight * ~liked)])
        pairs = (weight * liked).sum() * below[-1]
        if not pairs:
            return float("nan")
        return float((weight * liked * (below[first] + below[end])).sum() / 2 / pairs)


def auc(liked: Bools, score: Floats) -> float:
    """Return the share of pairs of a like and a dislike that are in order, ties half; or nan."""
    judged = Judged(score, score, liked, np.zeros(len(liked), np.int64))
    return judged._auc(np.ones(1))


def ndcg(liked: Bools, score: Floats) -> float:
    """Return NDCG@10, or nan without a like. Tied targets share the gain of their places."""
    if not liked.any():
        return float("nan")
    order = np.argsort(-score, kind="stable")
    _, group = np.unique(-score[order], return_inverse=True)
    gain = (np.bincount(group, weights=liked[order]) / np.bincount(group))[group]
    discount = 1 / np.log2(np.arange(2, min(TOP, len(liked)) + 2))
    best = discount[: int(liked.sum())].sum()
    return float((gain[: len(discount)] * discount).sum() / best)
