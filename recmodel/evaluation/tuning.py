"""Choosing on validation records: the last fifth of what may be learned from.

A method is fitted to the rest with each of its settings, the one with the best AUC there is chosen,
and fitted anew to everything. Rounds end where the AUC has not risen for a while. No test record
takes part.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression

from recmodel.evaluation.baseline import Baseline
from recmodel.evaluation.data import Bools, Floats, Split
from recmodel.evaluation.metrics import auc

PATIENCE = 4  # rounds without a better AUC before a training ends


@dataclass(frozen=True)
class Platt:
    """A score turned into a probability by a logistic curve (Platt 1999)."""

    slope: float
    bias: float

    @classmethod
    def of(cls, score: Floats, liked: Bools) -> Platt:
        """Fit the curve; where all answers are alike it is flat."""
        if len(set(liked.tolist())) < 2:
            rate = (liked.sum() + 1) / (len(liked) + 2)
            return cls(0.0, float(np.log(rate / (1 - rate))))
        spread = float(score.std()) or 1.0
        found = LogisticRegression(C=1e6).fit((score / spread)[:, None], liked)
        return cls(float(found.coef_[0, 0]) / spread, float(found.intercept_[0]))

    def probability(self, score: Floats) -> Floats:
        """Return the probability of a like for each score."""
        found: Floats = 1 / (1 + np.exp(-np.clip(self.slope * score + self.bias, -30, 30)))
        return found


@dataclass(frozen=True)
class Chosen:
    """A setting of a method, the rounds after which it did best, and its curve."""

    setting: Baseline
    rounds: int
    auc: float
    platt: Platt


@dataclass(frozen=True)
class Fitted:
    """A tuned method that has learned; `training` and `tuning` in CPU seconds."""

    chosen: Chosen
    method: Baseline
    training: float
    tuning: float


def tuned(settings: Sequence[Baseline], outer: Split, inner: Split) -> Fitted:
    """Choose one of the settings of a method on `inner`, and fit it to what `outer` knows.

    `inner` is a split of `outer.known`.
    """
    began = time.process_time()
    chosen = max((best_rounds(setting, inner) for setting in settings), key=lambda one: one.auc)
    tuning = time.process_time() - began
    began = time.process_time()
    method = copy(chosen.setting).fit(outer.known, chosen.rounds)
    return Fitted(chosen, method, time.process_time() - began, tuning)


def best_rounds(setting: Baseline, inner: Split) -> Chosen:
    """Train one setting for as long as it gets better on the questions of `inner`."""
    method = copy(setting)
    best: Chosen | None = None
    for done in method.train(inner.known):
        score = method.answers(inner.questions)
        reached = auc(inner.liked, score)
        if best is None or reached > best.auc:
            best = Chosen(setting, done, reached, Platt.of(score, inner.liked))
        elif done - best.rounds >= PATIENCE:
            break
    assert best is not None  # every training has a first round
    return best
