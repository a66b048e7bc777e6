"""Prompts: which of a subject's records are history, which are targets, and what a prompt is.

A prompt is a range over ONE subject's records in time order, so erasing a record changes that
subject's prompts and nobody else's. Free of torch: the web side builds prompts too.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import NamedTuple

from recmodel.partition import keyed_digest


@dataclass(frozen=True, slots=True)
class PromptRange:
    """Places in one subject's time order: prefix [first, target), suffixes [target, end)."""

    first: int
    target: int
    end: int


class Others(NamedTuple):
    """What others made of an item: their smoothed like-rate, and how many reactions it is from."""

    rate: float
    reactions: int


class Reaction(NamedTuple):
    """One subject's reaction to one item: external item id, liked or not, ISO 8601 time in UTC.

    `others` is what the model is told beside it (recmodel.rates), and no part of the record. A
    tuple, because what is kept of a history is found by hashing all of it.
    """

    item: str
    liked: bool
    at: str
    others: Others | None = None


@dataclass(frozen=True, slots=True)
class Prompt:
    """A training or scoring example: the history and the targets that share it."""

    subject: str
    prefix: tuple[Reaction, ...]
    suffixes: tuple[Reaction, ...]

    def content_id(self, key: bytes) -> bytes:
        """Return 32 bytes, keyed, over the records alone: never a row number or a position."""
        parts = ["prompt", self.subject, str(len(self.prefix))]
        for reaction in (*self.prefix, *self.suffixes):
            parts += (reaction.item, "liked" if reaction.liked else "disliked", reaction.at)
        return keyed_digest(key, *parts)


def prompt_ranges(
    n_records: int, *, history_size: int, targets_per_prompt: int, min_history: int
) -> list[PromptRange]:
    """Cut one subject's `n_records` records into prompts.

    Every record from place `min_history` on is a target exactly once. A block holds at most
    `targets_per_prompt` targets and never more than the history before it, so blocks double
    while the history is short: without that, the first targets of a new subject would all be
    asked with next to no history. (10, 1, 10) gives TALLRec's windows (arXiv 2305.00447).

    Raises ValueError when history_size or targets_per_prompt < 1, or min_history < 0.
    """
    if history_size < 1 or targets_per_prompt < 1 or min_history < 0:
        raise ValueError(
            f"history_size={history_size} and targets_per_prompt={targets_per_prompt} must be at"
            f" least 1, min_history={min_history} at least 0"
        )
    ranges = []
    target = min_history
    while target < n_records:
        size = min(targets_per_prompt, max(1, target))
        end = min(target + size, n_records)
        ranges.append(PromptRange(max(0, target - history_size), target, end))
        target = end
    return ranges


def prompts_of(
    subject: str, records: Sequence[Reaction], ranges: Iterable[PromptRange]
) -> list[Prompt]:
    """Return the prompts that `ranges` cut from the subject's records, which are in time order."""
    return [
        Prompt(subject, tuple(records[r.first : r.target]), tuple(records[r.target : r.end]))
        for r in ranges
    ]


def order(prompts: Iterable[tuple[bytes, Prompt]], key: bytes) -> list[Prompt]:
    """Return prompts, given with their content ids, by keyed hash of those: the order in a slice.

    A prompt's place among the others depends on the two prompts alone, so taking one away leaves
    the order of the rest as it was.
    """
    hashed = [(hmac.digest(key, content, "sha256"), prompt) for content, prompt in prompts]
    return [prompt for _, prompt in sorted(hashed, key=itemgetter(0))]


def item_text(title: str, attributes: Mapping[str, str]) -> str:
    """Return the text an item is embedded by: `Title (year). value. value`.

    The year goes into parentheses unless the title carries it already; the other attributes
    follow by name, their lists written with commas (`Adventure|Comedy` is MovieLens' spelling).
    """
    values = [attributes[name].replace("|", ", ").strip() for name in sorted(attributes)]
    rest = [v for name, v in zip(sorted(attributes), values, strict=True) if v and name != "year"]
    return ". ".join([item_title(title, attributes), *rest])


def item_title(title: str, attributes: Mapping[str, str]) -> str:
    """Return the title as texts have it, with the year: `Title (year)`."""
    year = attributes.get("year", "").strip()
    head = title.strip()
    return f"{head} ({year})" if year and not head.endswith(f"({year})") else head
