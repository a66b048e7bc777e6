"""What a method without a language model is: it learns from records and scores items.

A method sees the items of a question and never the answers: `score` takes no reactions but those
of the history. It is a function of its hyper-parameters, its seed and what it learned from.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from recmodel.evaluation.data import Bools, Floats, Ints, Question, Records
from recmodel.prompts import Reaction

History = Sequence[Reaction]


class Baseline(ABC):
    """A method with its hyper-parameters, given when it is made.

    Subclasses are dataclasses whose fields are the hyper-parameters; what is learned is kept beside
    them. `copy.copy` of one that has learned nothing gives another.
    """

    @abstractmethod
    def train(self, known: Records) -> Iterator[int]:
        """Learn from `known`, and yield the number of rounds done after each.

        After every round it can score. A method without rounds yields 1, once.
        """

    @abstractmethod
    def score(self, history: History, items: Sequence[str]) -> Floats:
        """Return a score for each item, float64 [items], higher for likelier likes.

        `history` are the subject's records so far in time order, whoever it is: nothing hangs on
        the subject's name. Items and people that were never seen are scored too.
        """

    def fit(self, known: Records, rounds: int | None = None) -> Self:
        """Learn from `known` for so many rounds, None for all."""
        for done in self.train(known):
            if done == rounds:
                break
        return self

    def answers(self, questions: Sequence[Question]) -> Floats:
        """Return the scores of all targets, float64 [rows], question by question."""
        each = [self.score(question.history, question.items) for question in questions]
        return np.concatenate([np.empty(0), *each])


@dataclass(frozen=True)
class Coded:
    """Records as arrays, one row a record: places of subject and item, and whether it was liked.

    items: the place of each item that was seen.
    """

    users: Ints
    places: Ints
    liked: Bools
    items: dict[str, int]
    subjects: int

    @classmethod
    def of(cls, known: Records) -> Coded:
        """Number the subjects and items in their order of appearance."""
        items: dict[str, int] = {}
        places = [
            items.setdefault(reaction.item, len(items))
            for mine in known.values()
            for reaction in mine
        ]
        sizes = [len(mine) for mine in known.values()]
        liked = [reaction.liked for mine in known.values() for reaction in mine]
        return cls(
            users=np.repeat(np.arange(len(sizes)), sizes),
            places=np.array(places, np.int64),
            liked=np.array(liked, bool),
            items=items,
            subjects=len(sizes),
        )

    @cached_property
    def overall(self) -> float:
        """Return the share of likes, strictly between 0 and 1."""
        return float((self.liked.sum() + 1) / (len(self.liked) + 2))

    @cached_property
    def item_counts(self) -> tuple[Floats, Floats]:
        """Return likes and reactions of each item, and a 0 at the end for those never seen."""
        size = len(self.items) + 1
        likes = np.bincount(self.places, weights=self.liked, minlength=size)
        reactions = np.bincount(self.places, minlength=size)
        return likes.astype(np.float64), reactions.astype(np.float64)

    def item_rates(self, virtual: float) -> Floats:
        """Return each item's like-rate, as if `virtual` records of the overall rate stood before.

        The last one, at the place that `lookup` gives to items never seen, is the overall rate.
        """
        likes, reactions = self.item_counts
        rates: Floats = (likes + virtual * self.overall) / (reactions + virtual)
        return rates

    def lookup(self, items: Sequence[str]) -> Ints:
        """Return the place of each item; those never seen share the one after the last."""
        unseen = len(self.items)
        return np.array([self.items.get(item, unseen) for item in items], np.int64)


def reacted(history: History) -> Floats:
    """Return 1 for each like in a history and 0 for the rest, float64 [n]."""
    return np.array([reaction.liked for reaction in history], np.float64)
