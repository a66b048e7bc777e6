"""Simulated subjects: people who never were, reacting to a catalogue's items.

The base learns from them how a history speaks about the next reaction. What varies between real
people varies here: how much they like in general, what they like and how strongly, whether that
changes, in which order they meet things. Nothing about a particular item can be learnt, because
every world draws its items' quality and popularity anew.

The constants come from first principles and from what is published of other rating data; none is
fitted to anybody's records. On the logit scale the logistic noise has variance pi^2 / 3. In the
Netflix data noise is some 57 % of a rating's variance, items' means 13 %, persons' means 12 %, and
what is personal or changes with time the other 18 %, of which taste is about 10 (Feuerverger, He
and Khatri, arXiv 1207.5649; Koren, Bell and Volinsky, IEEE Computer 42(8), 2009).
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

# Data sets differ in how much is liked at all; people somewhat like what they choose to meet.
LEVEL_MEAN, LEVEL_SPREAD = 0.15, 0.6
# Standard deviation of a person's own level: 12 % against 57 % of pi^2 / 3.
BIAS_SPREAD = 0.83
# Standard deviation of an item's quality, together .87, and of its share of what a whole region
# of the catalogue has in common (a genre or an era that is rated well).
QUALITY_SPREAD, REGION_SPREAD = 0.75, 0.45
# Worlds differ in how far their items' qualities lie apart.
QUALITY_LOG_SPREAD = 0.25
# How strongly taste moves a reaction: median and log-spread over people, a mean square of .59.
TASTE_MEDIAN, TASTE_LOG_SPREAD = 0.6, 0.5
# Popularity falls like rank^-a, a about 1 (Zipf); what is known is rather good.
POPULARITY_EXPONENTS = 0.6, 1.2
FAME_MEAN, FAME_SPREAD = 0.2, 0.15
# People go with the crowd more or less (log-spread), and are drawn or put off by fame.
CROWD_LOG_SPREAD, FAME_TASTE_SPREAD = 0.35, 0.25
# People meet what they like, and what is good, more often than chance has it.
SELECTION = 0.2, 0.8
# Time: a mood that a sitting shares, an autoregressive process over records, and a slow drift.
MOOD_MEDIAN, MOOD_LOG_SPREAD, MOOD_MEMORIES = 0.5, 0.4, (0.9, 0.95, 0.98)
DRIFT_SPREAD = 0.4
# How much more people like what they chose to meet, and how that differs between items.
CHOSEN_MEAN, CHOSEN_SPREAD = 0.35, 0.25
# How many reactions others have left on a world's items, from a start-up to a market leader.
FEWEST_REACTIONS, MOST_REACTIONS = 300, 300_000


@dataclass(frozen=True)
class World:
    """A catalogue and what its people agree on: features [n, d]; log popularity, quality [n].

    level: how much is liked at all; fame [n]: popularity on a standard scale.
    """

    features: Floats
    log_popularity: Floats
    quality: Floats
    level: float

    @property
    def fame(self) -> Floats:
        """Return how well known each item is, with mean 0 and variance 1."""
        return _standard(self.log_popularity)

    @classmethod
    def draw(cls, embeddings: npt.NDArray[np.float32], rng: np.random.Generator) -> World:
        """Draw quality and popularity for items with these embeddings [n, d]."""
        return cls.over(unit_features(embeddings), rng)

    @classmethod
    def over(cls, features: Floats, rng: np.random.Generator) -> World:
        """Draw quality and popularity over features that `unit_features` made."""
        n = len(features)
        log_popularity = -rng.uniform(*POPULARITY_EXPONENTS) * np.log1p(rng.permutation(n))
        own = (
            QUALITY_SPREAD
            * np.exp(QUALITY_LOG_SPREAD * rng.standard_normal())
            * rng.standard_normal(n)
        )
        known = rng.normal(FAME_MEAN, FAME_SPREAD) * _standard(log_popularity)
        quality = own + known + REGION_SPREAD * preference(features, rng)
        return cls(features, log_popularity, quality, rng.normal(LEVEL_MEAN, LEVEL_SPREAD))

    def reactions_of_others(
        self, rng: np.random.Generator
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Draw how often others liked each item, and reacted to it at all: both [n]."""
        total = np.exp(rng.uniform(np.log(FEWEST_REACTIONS), np.log(MOST_REACTIONS)))
        share = np.exp(self.log_popularity + np.mean(SELECTION) * self.quality)
        reactions = rng.poisson(total * share / share.sum())
        # Others differ, which flattens the rate; that they chose what they met raises it.
        differing = BIAS_SPREAD**2 + TASTE_MEDIAN**2 * np.exp(2 * TASTE_LOG_SPREAD**2)
        flat = np.sqrt(1 + np.pi / 8 * differing)
        felt = self.level + self.quality + CHOSEN_MEAN
        felt = felt + CHOSEN_SPREAD * rng.standard_normal(len(share))
        return rng.binomial(reactions, _sigmoid(felt / flat)), reactions


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
    return _standard(values)


def live(world: World, rng: np.random.Generator, n_records: int) -> Life:
    """Draw one subject and its first `n_records` reactions (at most one an item)."""
    n = min(n_records, len(world.features))
    strength = TASTE_MEDIAN * np.exp(TASTE_LOG_SPREAD * rng.standard_normal())
    taste = preference(world.features, rng)
    agreed = np.exp(CROWD_LOG_SPREAD * rng.standard_normal()) * world.quality
    drawn = world.log_popularity * rng.uniform(*POPULARITY_EXPONENTS)
    drawn = drawn + rng.uniform(*SELECTION) * (strength * taste + agreed)
    # The largest of log weight + Gumbel noise is a draw without replacement.
    met = np.argsort(-(drawn + rng.gumbel(size=len(taste))))[:n]
    met = met[_order(world, met, rng)]
    felt = strength * _drifting(world, taste, met, rng) + agreed[met]
    felt += FAME_TASTE_SPREAD * rng.standard_normal() * world.fame[met]
    bias = world.level + BIAS_SPREAD * rng.standard_normal()
    return Life(met, rng.random(n) < _sigmoid(bias + felt + _mood(n, rng)))


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


def _order(
    world: World, met: npt.NDArray[np.int64], rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    # One sitting tends to hold similar things (a series, a shelf): sort along a direction, with
    # more or less noise; for some people there is no order at all. Half begin with what is known.
    along = world.features[met] @ rng.standard_normal(world.features.shape[1])
    known = rng.uniform(0, 2) * (rng.random() < 0.5) * world.fame[met]
    noise = np.exp(rng.uniform(np.log(0.3), np.log(10.0))) * rng.standard_normal(len(met))
    return np.argsort(along + along.std() * (noise - known))


def _drifting(
    world: World, taste: Floats, met: npt.NDArray[np.int64], rng: np.random.Generator
) -> Floats:
    # Half of the people change: their taste turns towards another one on the way.
    turn = rng.uniform(0, 1) if rng.random() < 0.5 else 0.0
    other = preference(world.features, rng)
    angle = turn * np.linspace(0, np.pi / 2, len(met))
    return np.asarray(np.cos(angle) * taste[met] + np.sin(angle) * other[met])


def _mood(n: int, rng: np.random.Generator) -> Floats:
    memory = float(rng.choice(MOOD_MEMORIES))
    steps = rng.standard_normal(n)
    mood = np.empty(n)
    level = steps[0] if n else 0.0
    for place in range(n):
        level = memory * level + (1 - memory**2) ** 0.5 * steps[place]
        mood[place] = level
    strength = MOOD_MEDIAN * np.exp(MOOD_LOG_SPREAD * rng.standard_normal())
    drift = DRIFT_SPREAD * rng.standard_normal() * np.linspace(-0.5, 0.5, n)
    return np.asarray(strength * mood + drift)


def _standard(values: Floats) -> Floats:
    return np.asarray((values - values.mean()) / (values.std() + 1e-12))


def _sigmoid(logits: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-logits)))


def _dated(catalogue: Catalogue, life: Life, rng: np.random.Generator) -> list[Reaction]:
    moment = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=float(rng.uniform(0, 1500)))
    records = []
    for item, liked in zip(life.items, life.liked, strict=True):
        moment += timedelta(seconds=int(rng.exponential(86_400)) + 1)
        at = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        records.append(Reaction(catalogue.ids[int(item)], bool(liked), at))
    return records
