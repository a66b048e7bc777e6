"""Intervals by a paired bootstrap: people, and seeds where there are several, drawn anew together.

Every sample draws the same people and the same seeds for all methods, so what is common to two of
them cancels out in their difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recmodel.evaluation.data import Floats
from recmodel.evaluation.metrics import METRICS, Judged

SAMPLES = 1000
LOW, HIGH = 2.5, 97.5  # percentiles of a 95 % interval


@dataclass(frozen=True)
class Figure:
    """A figure, the mean over seeds, and its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Draws:
    """How often each person, [samples, people], and each seed, [samples, seeds], was drawn."""

    people: Floats
    seeds: Floats

    @classmethod
    def of(cls, people: int, seeds: int, samples: int = SAMPLES) -> Draws:
        """Draw; the same numbers give the same draws."""
        rng = np.random.default_rng([people, seeds])
        return cls(
            rng.multinomial(people, np.full(people, 1 / people), samples).astype(float),
            rng.multinomial(seeds, np.full(seeds, 1 / seeds), samples).astype(float),
        )


@dataclass(frozen=True)
class Sampled:
    """A method's figures: by metric, the value of each seed and of each sample."""

    values: dict[str, Floats]
    samples: dict[str, Floats]

    @classmethod
    def of(cls, judged: Sequence[Judged], draws: Draws) -> Sampled:
        """Compute the figures of one method's answers, one for each seed.

        One alone stands for all seeds: chance has no part in that method.
        """
        values, samples = {}, {}
        share = draws.seeds / draws.seeds.sum(axis=1, keepdims=True)
        for metric in METRICS:
            values[metric] = np.array([one.figures()[metric] for one in judged])
            each = np.stack([one.metric(metric, draws.people) for one in judged], axis=1)
            samples[metric] = (each * share).sum(axis=1) if len(judged) > 1 else each[:, 0]
        return cls(values, samples)

    def figure(self, metric: str) -> Figure:
        """Return one figure with its interval."""
        return _figure(float(self.values[metric].mean()), self.samples[metric])

    def minus(self, other: Sampled, metric: str) -> Figure:
        """Return how much higher this one's figure is than another's."""
        value = float(self.values[metric].mean() - other.values[metric].mean())
        return _figure(value, self.samples[metric] - other.samples[metric])


def _figure(value: float, samples: Floats) -> Figure:
    real = samples[~np.isnan(samples)]
    if not len(real):
        return Figure(value, float("nan"), float("nan"))
    low, high = np.percentile(real, [LOW, HIGH])
    return Figure(value, float(low), float(high))
