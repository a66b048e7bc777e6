"""Sample-adaptive attention: which adapters to trust for a sample (APA, arXiv 2404.10327).

A sample's nearest validation prompts say how well each adapter does for people like this one:
omega = softmax(-tau * the adapter's mean error there). All of it is numpy and stays the same, to
the bit, when a prompt that is not among the nearest is taken away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from recmodel.rates import sigmoid
from recmodel.taste import GRID, Floats

Errors = npt.NDArray[np.int32]
Strategy = Literal["attention", "major", "average", "centroid"]
STRATEGIES: tuple[Strategy, ...] = ("attention", "major", "average", "centroid")

# Errors are whole multiples of this, so that the last bits of a logit decide nothing: with the
# paper's tau = 1000 omega is nearly one-hot.
ERROR_STEP = 2.0**-12


@dataclass(frozen=True, slots=True)
class Attention:
    """How omega is found. The plan holds it.

    strategy: "attention" is the paper's; "major" gives all weight to its largest omega;
    "average" weighs all adapters alike; "centroid" goes by nearness to each shard's centroid.
    neighbours: n, the validation prompts that are asked; tau: how sharply errors tell. The paper
    has tau = 1000 with a few adapters; with the many small ones here that throws away what mixing
    gains (docs/model.md).
    """

    strategy: Strategy = "attention"
    neighbours: int = 20
    tau: float = 30.0

    def __post_init__(self) -> None:
        if self.strategy not in STRATEGIES:
            raise ValueError(f"strategy is {self.strategy!r}: give one of {', '.join(STRATEGIES)}")
        if type(self.neighbours) is not int or self.neighbours < 1:
            raise ValueError(f"neighbours is {self.neighbours!r}: give a whole number from 1 on")
        if type(self.tau) not in (int, float) or not 0 <= self.tau <= 1e6:
            raise ValueError(f"tau is {self.tau!r}: give a number from 0 to 1,000,000")


@dataclass(frozen=True)
class Evidence:
    """What the validation prompts say, a row each: tastes [V, d]; errors [K, V] in ERROR_STEP.

    ids: content ids, which break ties; subjects: who each prompt is about.
    """

    ids: tuple[bytes, ...]
    subjects: tuple[str, ...]
    tastes: Floats
    errors: Errors

    def without(self, subject: str) -> Evidence:
        """Return the evidence that others give: nobody is judged by prompts of its own."""
        kept = np.array([owner != subject for owner in self.subjects], bool)
        return Evidence(
            tuple(key for key, keep in zip(self.ids, kept, strict=True) if keep),
            tuple(owner for owner in self.subjects if owner != subject),
            self.tastes[kept],
            self.errors[:, kept],
        )


def prompt_errors(
    logits: Sequence[npt.NDArray[np.float32]], liked: Sequence[npt.NDArray[np.bool_]]
) -> Errors:
    """Return each prompt's mean absolute error of probability, int32 [prompts] in ERROR_STEP.

    The paper names no form of the error; this one is bounded, so that no single target can
    outweigh the rest.
    """
    each = [
        float(np.abs(sigmoid(np.asarray(given, np.float64)) - wanted).mean())
        for given, wanted in zip(logits, liked, strict=True)
    ]
    return np.rint(np.array(each, np.float64) / ERROR_STEP).astype(np.int32)


def omega(
    attention: Attention,
    taste: Floats,
    evidence: Evidence,
    centroids: Floats | None = None,
) -> npt.NDArray[np.float32]:
    """Return the adapters' weights for one sample of this `taste` [d]: float32 [K], sum 1.

    Without evidence all weigh alike. `centroids` [K, d], of length 1, is for "centroid" alone.

    Raises ValueError when "centroid" is asked for and there are none.
    """
    K = len(evidence.errors)
    if attention.strategy == "centroid":
        if centroids is None:
            raise ValueError("the plan's partitioner has no centroids: choose another strategy")
        return _softmax(_similarity(centroids, taste) * attention.tau)
    if attention.strategy == "average" or not evidence.ids or not K:
        return np.full(K, 1 / max(1, K), np.float32)
    near = nearest(taste, evidence, attention.neighbours)
    # A sum of integers: exact, whatever the order.
    mean = evidence.errors[:, near].sum(axis=1, dtype=np.int64) * ERROR_STEP / len(near)
    if attention.strategy == "major":
        chosen: npt.NDArray[np.float32] = np.eye(K, dtype=np.float32)[int(mean.argmin())]
        return chosen
    return _softmax(-attention.tau * mean)


def nearest(taste: Floats, evidence: Evidence, n: int) -> list[int]:
    """Return the places of the `n` prompts nearest to `taste` by cosine; ties go by content id."""
    similarity = _similarity(evidence.tastes, taste)
    order = sorted(range(len(evidence.ids)), key=lambda at: (-similarity[at], evidence.ids[at]))
    return order[:n]


def _similarity(rows: Floats, taste: Floats) -> Floats:
    # Row by row, not by BLAS, whose blocks depend on the number of rows.
    similarity: Floats = np.rint((rows * taste).sum(axis=1) * GRID) / GRID
    return similarity


def _softmax(scores: Floats) -> npt.NDArray[np.float32]:
    raised = np.exp(scores - scores.max()) if len(scores) else scores
    weights: npt.NDArray[np.float32] = (raised / raised.sum()).astype(np.float32)
    return weights
