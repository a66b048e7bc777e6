"""A large catalogue of things that do not exist, for the demo and for the base's training.

Titles, years and genres are drawn from a seed: the same seed gives the same catalogue, and a
longer one begins with the shorter. Each item has one or two topics; its words and its genres
both come from them, as in real catalogues. Free of torch.
"""

from __future__ import annotations

import json
import random
import string
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from recmodel.prompts import item_text

FIRST_YEAR, LAST_YEAR = 1930, 2025
# A share of films, books and records is named by words that say nothing of what they are about.
OFF_TOPIC = 0.25


@dataclass(frozen=True, slots=True)
class FictionalItem:
    """One invented item; `genres` in alphabetical order."""

    external_id: str
    title: str
    year: int
    genres: tuple[str, ...]

    @property
    def attributes(self) -> dict[str, str]:
        """Return the item's attributes as a catalogue stores them."""
        return {"genres": ", ".join(self.genres), "year": str(self.year)}

    @property
    def text(self) -> str:
        """Return the text that the item is embedded by."""
        return item_text(self.title, self.attributes)


def domains() -> tuple[str, ...]:
    """Return the kinds of catalogue there are."""
    return tuple(_words()["genres"])


def fictional_catalogue(n: int, seed: int, domain: str = "film") -> list[FictionalItem]:
    """Draw `n` items of one domain; titles are distinct within a catalogue.

    Raises ValueError for a domain that `domains()` does not name.
    """
    if domain not in domains():
        raise ValueError(f"no domain {domain!r}; there are {', '.join(domains())}")
    draw = random.Random(f"{domain}:{seed}")  # noqa: S311 (a catalogue, not a secret)
    taken: set[str] = set()
    items = []
    for number in range(1, n + 1):
        topics = draw.sample(list(_words()["topics"]), draw.choice((1, 1, 2)))
        title = _distinct_title(draw, domain, topics, taken)
        # Catalogues hold more new things than old ones.
        year = LAST_YEAR - int((LAST_YEAR - FIRST_YEAR) * draw.random() ** 2)
        genres = _genres(draw, domain, topics)
        items.append(FictionalItem(f"{domain}-{number:06d}", title, year, genres))
    return items


def _distinct_title(
    draw: random.Random, domain: str, topics: Sequence[str], taken: set[str]
) -> str:
    title = base = _title(draw, domain, topics)
    part = 2
    while title in taken:
        title, part = f"{base} {part}", part + 1
    taken.add(title)
    return title


def _title(draw: random.Random, domain: str, topics: Sequence[str]) -> str:
    pattern = draw.choice(_words()["patterns"][domain])
    pieces = []
    for text, field, _, _ in string.Formatter().parse(pattern):
        pieces.append(text + (_word(draw, field, topics) if field else ""))
    return "".join(pieces)


def _word(draw: random.Random, field: str, topics: Sequence[str]) -> str:
    if field != "noun":
        kind = {"adj": "adjectives", "name": "names", "place": "places"}[field]
        return str(draw.choice(_words()[kind])).capitalize()
    every = _words()["topics"]
    topic = draw.choice(list(every)) if draw.random() < OFF_TOPIC else draw.choice(topics)
    return str(draw.choice(every[topic])).capitalize()


def _genres(draw: random.Random, domain: str, topics: Sequence[str]) -> tuple[str, ...]:
    of_domain = _words()["genres"][domain]
    fitting = [genre for genre, about in of_domain.items() if set(about) & set(topics)]
    wanted = draw.choices((1, 2, 3, 4), weights=(3, 4, 2, 1))[0]
    chosen = set(draw.sample(fitting, min(wanted, len(fitting))))
    # One genre in five has nothing to do with the topic, and no item is without a genre.
    if not chosen or draw.random() < 0.2:
        chosen.add(draw.choice(list(of_domain)))
    return tuple(sorted(chosen))


@cache
def _words() -> dict[str, Any]:
    """Return the word lists, each split into a list."""
    raw = json.loads(Path(__file__).with_name("fictional_words.json").read_text())
    for kind in ("adjectives", "names", "places"):
        raw[kind] = raw[kind].split()
    raw["topics"] = {topic: words.split() for topic, words in raw["topics"].items()}
    for of_domain in raw["genres"].values():
        for genre, about in of_domain.items():
            of_domain[genre] = about.split()
    return dict(raw)
