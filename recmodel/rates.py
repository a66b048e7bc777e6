"""Like-rates and popularity: integer counts, so that taking records away is exact.

Beside an item the model is told what others made of it. In serving that is everybody, as of now.
In training it is the people of the shard's slices up to the one that is trained: whatever a
checkpoint depends on stands in its own manifest, and no other shard's records do.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

import numpy as np

from recmodel.prompts import Others, Prompt, Reaction
from recmodel.taste import Floats

# A rate counts as if this many records of the overall rate stood before it.
VIRTUAL = 5.0


@dataclass(frozen=True)
class Counts:
    """How often each item was liked, and reacted to at all, by external id.

    `left_out_likes` and `left_out` are one subject's own records, which say nothing about how
    others like an item.
    """

    likes: Mapping[str, int]
    reactions: Mapping[str, int]
    all_likes: int
    all_reactions: int
    left_out_likes: Mapping[str, int] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, likes: Mapping[str, int], reactions: Mapping[str, int]) -> Counts:
        """Return counts with their totals."""
        return cls(likes, reactions, sum(likes.values()), sum(reactions.values()))

    @classmethod
    def of_records(cls, records: Iterable[Reaction]) -> Counts:
        """Count everybody's records."""
        every = list(records)
        return cls.of(
            Counter(reaction.item for reaction in every if reaction.liked),
            Counter(reaction.item for reaction in every),
        )

    def without(self, own: Iterable[Reaction]) -> Counts:
        """Return the counts that others' records give; `own` are all of one subject's."""
        mine = list(own)
        return Counts(
            self.likes,
            self.reactions,
            self.all_likes - sum(reaction.liked for reaction in mine),
            self.all_reactions - len(mine),
            Counter(reaction.item for reaction in mine if reaction.liked),
            Counter(reaction.item for reaction in mine),
        )

    @property
    def overall(self) -> float:
        """Return the share of likes among all reactions, strictly between 0 and 1."""
        return (self.all_likes + 1) / (self.all_reactions + 2)

    def popularity(self, item: str) -> int:
        """Return how many reactions the item has had."""
        return self.reactions.get(item, 0) - self.left_out.get(item, 0)

    def item_rate(self, item: str) -> float:
        """Return the item's smoothed like-rate."""
        likes = self.likes.get(item, 0) - self.left_out_likes.get(item, 0)
        return self.smoothed(likes, self.popularity(item))

    def others(self, items: Iterable[str]) -> dict[str, Others]:
        """Return what others made of each item."""
        return {item: Others(self.item_rate(item), self.popularity(item)) for item in set(items)}

    def tell(self, reactions: Iterable[Reaction]) -> tuple[Reaction, ...]:
        """Return the reactions with what others made of their items beside them."""
        every = tuple(reactions)
        return beside(every, self.others(reaction.item for reaction in every))

    def smoothed(self, likes: int, reactions: int) -> float:
        """Return `likes` of `reactions` as a rate, drawn towards the overall one."""
        return (likes + VIRTUAL * self.overall) / (reactions + VIRTUAL)


def told(slices: Sequence[Sequence[Prompt]], first: int = 0) -> list[list[Prompt]]:
    """Return a shard's prompts as training takes them, from slice `first` on; none before it.

    Others are the other people of the slice and of those before it, so what a slice is trained on
    depends on no later slice.
    """
    counted: list[Reaction] = []
    found: list[list[Prompt]] = []
    for number, prompts in enumerate(slices):
        own = records_of(prompts)
        counted += chain.from_iterable(own.values())
        found.append(_told(prompts, own, Counts.of_records(counted)) if number >= first else [])
    return found


def _told(
    prompts: Iterable[Prompt], own: Mapping[str, Sequence[Reaction]], counts: Counts
) -> list[Prompt]:
    others = {
        subject: counts.without(records).others(record.item for record in records)
        for subject, records in own.items()
    }
    return [told_prompt(prompt, others[prompt.subject]) for prompt in prompts]


def told_prompt(prompt: Prompt, others: Mapping[str, Others]) -> Prompt:
    """Return the prompt with what others made of its items beside them."""
    return replace(
        prompt,
        prefix=beside(prompt.prefix, others),
        suffixes=beside(prompt.suffixes, others),
    )


def beside(reactions: Iterable[Reaction], others: Mapping[str, Others]) -> tuple[Reaction, ...]:
    """Return the reactions with what others made of each item beside them."""
    return tuple(reaction._replace(others=others[reaction.item]) for reaction in reactions)


def records_of(prompts: Iterable[Prompt]) -> dict[str, list[Reaction]]:
    """Return each subject's records, as far as its prompts hold them, each once."""
    found: dict[str, dict[Reaction, None]] = {}
    for prompt in prompts:
        mine = found.setdefault(prompt.subject, {})
        mine.update(dict.fromkeys((*prompt.prefix, *prompt.suffixes)))
    return {subject: list(records) for subject, records in found.items()}


def logit(rate: float) -> float:
    """Return log(rate / (1 - rate)) for a rate strictly between 0 and 1."""
    return math.log(rate / (1 - rate))


def sigmoid(logits: Floats) -> Floats:
    """Return 1 / (1 + exp(-logits)) without overflow."""
    raised = np.exp(-np.abs(logits))
    return np.where(logits >= 0, 1 / (1 + raised), raised / (1 + raised))
