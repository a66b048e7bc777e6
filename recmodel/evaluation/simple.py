"""Like-rates: the scores that are hard to beat, and cost nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from recmodel.evaluation.baseline import Baseline, Coded, History, reacted
from recmodel.evaluation.data import Floats, Records


def logits(rates: Floats) -> Floats:
    """Return log(rate / (1 - rate)) of rates strictly between 0 and 1."""
    found: Floats = np.log(rates) - np.log1p(-rates)
    return found


@dataclass
class ItemRate(Baseline):
    """How often others liked the item, `virtual` records of the overall rate before it."""

    virtual: float = 5.0
    _coded: Coded = field(init=False, repr=False)

    def train(self, known: Records) -> Iterator[int]:
        self._coded = Coded.of(known)
        self._rates = self._coded.item_rates(self.virtual)
        yield 1

    def score(self, history: History, items: Sequence[str]) -> Floats:
        return self._rates[self._coded.lookup(items)]


@dataclass
class UserRate(Baseline):
    """How often the subject liked anything."""

    virtual: float = 5.0
    _overall: float = field(init=False, repr=False)

    def train(self, known: Records) -> Iterator[int]:
        self._overall = Coded.of(known).overall
        yield 1

    def score(self, history: History, items: Sequence[str]) -> Floats:
        likes = float(reacted(history).sum())
        rate = (likes + self.virtual * self._overall) / (len(history) + self.virtual)
        return np.full(len(items), rate)


@dataclass
class BothRates(Baseline):
    """The logits of both rates, the item's with weight `share` and the subject's with the rest."""

    share: float = 0.5
    virtual: float = 5.0
    _item: ItemRate = field(init=False, repr=False)
    _user: UserRate = field(init=False, repr=False)

    def train(self, known: Records) -> Iterator[int]:
        self._item = ItemRate(self.virtual).fit(known)
        self._user = UserRate(self.virtual).fit(known)
        yield 1

    def score(self, history: History, items: Sequence[str]) -> Floats:
        item = logits(self._item.score(history, items))
        user = logits(self._user.score(history, items))
        return self.share * item + (1 - self.share) * user


@dataclass
class HistoryShare(Baseline):
    """The share of likes among the subject's last records."""

    last: int = 20
    virtual: float = 1.0
    _overall: float = field(init=False, repr=False)

    def train(self, known: Records) -> Iterator[int]:
        self._overall = Coded.of(known).overall
        yield 1

    def score(self, history: History, items: Sequence[str]) -> Floats:
        latest = reacted(history[-self.last :])
        rate = (latest.sum() + self.virtual * self._overall) / (len(latest) + self.virtual)
        return np.full(len(items), rate)
