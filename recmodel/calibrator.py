"""The calibrator: from the model's logit and what can be counted to a probability.

A logistic regression over six scores. A release's calibrator is fitted on the validation
subjects, drawn towards the plan's own, which was fitted on simulated subjects and serves while a
fitted one is out of service. Numpy in float64, fixed order, fixed iterations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from recmodel.catalogue import Catalogue
from recmodel.prompts import Reaction
from recmodel.rates import Counts, logit, sigmoid
from recmodel.taste import Embeddings, Floats, directions

# The columns of a row of scores.
SCORES = ("model", "item_rate", "subject_rate", "popularity", "recency", "neighbours")
# Recency: the like-rate of the last so many reactions.
LATEST = 20
# A history item counts for a target as exp(cosine / WIDTH).
WIDTH = 0.15
# How many observations the plan's calibrator weighs.
PRIOR = 50.0
ITERATIONS = 30


@dataclass(frozen=True)
class Calibrator:
    """Scores are centred and scaled, weighed, and added to the bias: the logit of a like.

    centre, scale, weights: one number for each of SCORES.
    """

    centre: tuple[float, ...]
    scale: tuple[float, ...]
    weights: tuple[float, ...]
    bias: float

    def probability(self, rows: Floats) -> Floats:
        """Return the probability of a like for each row of scores [n, 6]: float64 [n]."""
        z = self.standardised(rows)
        total: Floats = self.bias + (z * np.array(self.weights)).sum(axis=1)
        return sigmoid(total)

    def standardised(self, rows: Floats) -> Floats:
        """Return rows of scores [n, 6], centred and scaled."""
        scaled: Floats = (rows - np.array(self.centre)) / np.array(self.scale)
        return scaled

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it, to the bit."""
        return {
            "scores": list(SCORES),
            "centre": list(self.centre),
            "scale": list(self.scale),
            "weights": list(self.weights),
            "bias": self.bias,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Calibrator:
        """Read what `to_dict` wrote; raises ValueError when it is over other scores."""
        if tuple(values["scores"]) != SCORES:
            raise ValueError(f"the calibrator is over {values['scores']}, not over {SCORES}")
        return cls(
            centre=tuple(map(float, values["centre"])),
            scale=tuple(map(float, values["scale"])),
            weights=tuple(map(float, values["weights"])),
            bias=float(values["bias"]),
        )


def scores(
    logits: npt.NDArray[np.float32],
    history: Sequence[Reaction],
    targets: Sequence[str],
    counts: Counts,
    catalogue: Catalogue,
    centre: Embeddings,
) -> Floats:
    """Return the rows of scores [n, 6] of one subject's targets, whose model `logits` are [n].

    `history` is what the model read; `counts` leave the subject's own records out; `centre` [d]
    is the plan's mean embedding.
    """
    liked = [reaction.liked for reaction in history]
    latest = liked[-LATEST:]
    subject = logit(counts.smoothed(sum(liked), len(liked)))
    recent = logit(counts.smoothed(sum(latest), len(latest)))
    rows = np.empty((len(targets), len(SCORES)))
    rows[:, 0] = logits
    rows[:, 1] = [logit(counts.item_rate(item)) for item in targets]
    rows[:, 2] = subject
    rows[:, 3] = [np.log1p(counts.popularity(item)) for item in targets]
    rows[:, 4] = recent - subject
    rows[:, 5] = neighbour_scores(history, targets, counts, catalogue, centre)
    return rows


def neighbour_scores(
    history: Sequence[Reaction],
    targets: Sequence[str],
    counts: Counts,
    catalogue: Catalogue,
    centre: Embeddings,
) -> Floats:
    """Return how the subject took to items like each target, beyond what was to be expected: [n].

    The mean surprise over the history, each item weighing exp(cosine to the target / WIDTH), an
    unknown item as one of no surprise. Surprise is the reaction less the mean of item rate and
    subject rate.
    """
    if not history:
        return np.zeros(len(targets))
    own = counts.smoothed(sum(reaction.liked for reaction in history), len(history))
    surprise = np.array([r.liked - (counts.item_rate(r.item) + own) / 2 for r in history])
    near = directions(catalogue.vectors(targets), centre)
    far = directions(catalogue.vectors(reaction.item for reaction in history), centre)
    # Not by BLAS, whose blocks depend on how many targets there are.
    cosines = np.einsum("td,hd->th", near, far, optimize=False)
    weights = np.exp(cosines / WIDTH)
    said: Floats = (weights * surprise).sum(axis=1) / (weights.sum(axis=1) + UNKNOWN)
    return said


# The weight of no surprise: that of an item at a cosine of .5.
UNKNOWN = float(np.exp(0.5 / WIDTH))


def fit(rows: Floats, liked: npt.NDArray[np.bool_], prior: Calibrator) -> Calibrator:
    """Fit weights and bias to rows of scores [n, 6] of targets that were `liked` [n] or not.

    Newton's method on the log-likelihood with a ridge of PRIOR towards `prior`, whose centre and
    scale stay; without rows it is `prior` itself. The order of the rows must be fixed by their
    content.
    """
    z = np.concatenate([prior.standardised(rows), np.ones((len(rows), 1))], axis=1)
    start = np.array([*prior.weights, prior.bias])
    found = start
    for _ in range(ITERATIONS):
        found = _newton_step(z, liked, found, start)
    return Calibrator(prior.centre, prior.scale, tuple(map(float, found[:-1])), float(found[-1]))


def standard(rows: Floats) -> Calibrator:
    """Return a calibrator without weights that standardises like these rows: a first prior."""
    scale = rows.std(axis=0)
    return Calibrator(
        tuple(map(float, rows.mean(axis=0))),
        tuple(float(value) if value > 0 else 1.0 for value in scale),
        (0.0,) * len(SCORES),
        0.0,
    )


def _newton_step(z: Floats, liked: npt.NDArray[np.bool_], found: Floats, start: Floats) -> Floats:
    p = sigmoid((z * found).sum(axis=1))
    slope = (z * (p - liked)[:, None]).sum(axis=0) + PRIOR * (found - start)
    # Column by column: BLAS would split its sums by the number of its threads.
    spread = p * (1 - p)
    bend = np.array([(z * (z[:, at] * spread)[:, None]).sum(axis=0) for at in range(z.shape[1])])
    step: Floats = np.linalg.solve(bend + PRIOR * np.eye(z.shape[1]), slope)
    # A long step can overshoot where all is one-sided.
    return found - step / max(1.0, float(np.abs(step).max()))
