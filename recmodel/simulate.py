"""Simulated subjects: people who never were, reacting to a catalogue's items.

The base learns from them how a history speaks about the next reaction. What varies between real
people varies here: how much they like in general, what they like and how strongly, whether that
changes, in which order they meet things. Nothing about a particular item can be learnt, because
every world draws its items' quality and popularity anew.

The constants are chosen from first principles and from what is commonly reported of rating data;
none is fitted to anybody's records. Effects are in units of the logistic noise's scale.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

from recmodel.catalogue import Catalogue
from recmodel.prompts import Reaction

Floats = npt.NDArray[np.float64]

# People like somewhat more than half of what they rate, and differ widely: one standard
# deviation each way is 33 % and 79 %.
BIAS_MEAN, BIAS_SPREAD = 0.25, 1.0
# Standard deviation of an item's quality, and of its share of what a whole region of the
# catalogue has in common (a genre or an era that is rated well).
QUALITY_SPREAD, REGION_SPREAD = 0.6, 0.3
# How strongly taste moves a reaction: median and log-spread over people. Many have little.
TASTE_MEDIAN, TASTE_LOG_SPREAD = 0.7, 0.6
# Popularity falls like rank^-1 (Zipf).
POPULARITY_EXPONENT = 1.0
# People meet what they like, and what is good, more often than chance has it.
SELECTION = 0.5
# Mood: an autoregressive process over records; a sitting of some 20 records shares it.
MOOD_SPREAD, MOOD_MEMORY = 0.5, 0.95


@dataclass(frozen=True)
class World:
    """A catalogue and what its people agree on: features [n, d]; log popularity, quality [n]."""

    features: Floats
    log_popularity: Floats
    quality: Floats

    @classmethod
    def draw(cls, embeddings: npt.NDArray[np.float32], rng: np.random.Generator) -> World:
        """Draw quality and popularity for items with these embeddings [n, d]."""
        return cls.over(unit_features(embeddings), rng)

    @classmethod
    def over(cls, features: Floats, rng: np.random.Generator) -> World:
        """Draw quality and popularity over features that `unit_features` made."""
        n = len(features)
        log_popularity = -POPULARITY_EXPONENT * np.log1p(rng.permutation(n))
        own = QUALITY_SPREAD * rng.standard_normal(n)
        return cls(features, log_popularity, own + REGION_SPREAD * preference(features, rng))


@dataclass(frozen=True)
class Life:
    """What one subject did: item places [m] in time order, and whether each was liked [m]."""

    items: npt.NDArray[np.int64]
    liked: npt.NDArray[np.bool_]


def unit_features(embeddings: npt.NDArray[np.float32]) -> Floats:
    """Centre embeddings [n, d] on their mean and scale each row to length 1."""
    centred = embeddings.astype(np.float64) - embeddings.mean(axis=0, dtype=np.float64)
    scaled: Floats = centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-12)
    return scaled


def preference(features: Floats, rng: np.random.Generator) -> Floats:
    """Draw one smooth function over the catalogue, [n], with mean 0 and variance 1.

    Half linear tastes ("the lighter, the better"), half made of liked and disliked clusters
    around items, narrow or wide.
    """
    if rng.random() < 0.5:
        values = features @ rng.standard_normal(features.shape[1])
    else:
        centres = features[rng.integers(len(features), size=rng.integers(2, 9))]
        width = np.exp(rng.uniform(np.log(0.08), np.log(0.5)))
        values = np.exp((features @ centres.T - 1) / width) @ rng.standard_normal(len(centres))
    return np.asarray((values - values.mean()) / (values.std() + 1e-12))


def live(world: World, rng: np.random.Generator, n_records: int) -> Life:
    """Draw one subject and its first `n_records` reactions (at most one an item)."""
    n_records = min(n_records, len(world.features))
    strength = TASTE_MEDIAN * np.exp(TASTE_LOG_SPREAD * rng.standard_normal())
    taste = preference(world.features, rng)
    pull = SELECTION * (strength * taste + world.quality)
    # The largest of log weight + Gumbel noise is a draw without replacement.
    met = np.argsort(-(world.log_popularity + pull + rng.gumbel(size=len(taste))))[:n_records]
    met = met[_order(world.features[met], rng)]
    felt = strength * _drifting(world, taste, met, rng) + world.quality[met]
    bias = BIAS_MEAN + BIAS_SPREAD * rng.standard_normal()
    logits = bias + felt + _mood(n_records, rng)
    return Life(met, rng.random(n_records) < 1 / (1 + np.exp(-logits)))


def subjects(
    catalogue: Catalogue, n: int, seed: int, records: int = 100
) -> Iterator[tuple[str, list[Reaction]]]:
    """Yield `n` subjects of one world with their records in time order.

    The number of records is log-normal around a median of `records`, at least 4.
    """
    rng = np.random.default_rng([seed, n])
    world = World.draw(catalogue.embeddings, rng)
    for number in range(1, n + 1):
        life = live(world, rng, max(4, int(records * np.exp(0.8 * rng.standard_normal()))))
        yield f"simulated-{number:06d}", _dated(catalogue, life, rng)


def _order(features: Floats, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    # One sitting tends to hold similar things (a series, a shelf): sort along a direction, with
    # more or less noise; for some people there is no order at all.
    along = features @ rng.standard_normal(features.shape[1])
    noise = np.exp(rng.uniform(np.log(0.3), np.log(10.0))) * along.std()
    return np.argsort(along + noise * rng.standard_normal(len(along)))


def _drifting(
    world: World, taste: Floats, met: npt.NDArray[np.int64], rng: np.random.Generator
) -> Floats:
    # Half of the people change: their taste turns towards another one on the way.
    turn = rng.uniform(0, 1) if rng.random() < 0.5 else 0.0
    other = preference(world.features, rng)
    angle = turn * np.linspace(0, np.pi / 2, len(met))
    return np.asarray(np.cos(angle) * taste[met] + np.sin(angle) * other[met])


def _mood(n: int, rng: np.random.Generator) -> Floats:
    steps = rng.standard_normal(n)
    mood = np.empty(n)
    level = steps[0] if n else 0.0
    for place in range(n):
        level = MOOD_MEMORY * level + (1 - MOOD_MEMORY**2) ** 0.5 * steps[place]
        mood[place] = level
    return MOOD_SPREAD * mood


def _dated(catalogue: Catalogue, life: Life, rng: np.random.Generator) -> list[Reaction]:
    moment = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=float(rng.uniform(0, 1500)))
    records = []
    for item, liked in zip(life.items, life.liked, strict=True):
        moment += timedelta(seconds=int(rng.exponential(86_400)) + 1)
        at = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        records.append(Reaction(catalogue.ids[int(item)], bool(liked), at))
    return records
