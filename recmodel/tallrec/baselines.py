"""What a prompt's own words and a few counts already tell, to stand beside every AUC. No torch."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from recmodel.tallrec.rows import RecommendationRow

Scores = npt.NDArray[np.float64]

# Virtual records that draw a rate to the mean.
WEIGHT = 5.0


def history_share(row: RecommendationRow) -> float:
    """Return the share of liked items in the prompt's own history, 0.5 where it has none."""
    liked, disliked = (len(items) for items in row.reactions)
    return liked / (liked + disliked) if liked + disliked else 0.5


class ItemRate:
    """How often items were liked in rows at hand, in their histories and as targets."""

    def __init__(self, rows: Sequence[RecommendationRow]) -> None:
        self._likes: Counter[str] = Counter()
        self._all: Counter[str] = Counter()
        for row in rows:
            liked, disliked = row.reactions
            self._count(liked, 1)
            self._count(disliked, 0)
            self._count((row.target,), int(row.liked))
        self._mean = self._likes.total() / max(1, self._all.total())

    def __call__(self, row: RecommendationRow) -> float:
        """Return the target's like-rate, smoothed towards the mean of all items."""
        likes = self._likes[row.target] + WEIGHT * self._mean
        return likes / (self._all[row.target] + WEIGHT)

    def _count(self, items: Sequence[str], likes: int) -> None:
        for item in items:
            self._all[item] += 1
            self._likes[item] += likes


def baselines(
    known: Sequence[RecommendationRow], asked: Sequence[RecommendationRow]
) -> dict[str, Scores]:
    """Return scores of the rows asked about, by name; `known` are the rows that may be learnt."""
    rate = ItemRate(known)
    scorers: dict[str, Callable[[RecommendationRow], float]] = {
        "history share": history_share,
        "item like-rate": rate,
        "both": lambda row: _log_odds(history_share(row)) + _log_odds(rate(row)),
    }
    return {
        name: np.array([score(row) for row in asked], np.float64) for name, score in scorers.items()
    }


def _log_odds(share: float) -> float:
    bounded = min(max(share, 0.05), 0.95)
    return math.log(bounded / (1 - bounded))
