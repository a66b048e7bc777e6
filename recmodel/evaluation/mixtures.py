"""Mixtures that answer otherwise than ours, in its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from recmodel.adapter import AdapterState
from recmodel.catalogue import Catalogue
from recmodel.front_end import FrontEnd
from recmodel.gate import Scope
from recmodel.mixture import Mixture, Omega
from recmodel.prefixes import PrefixCache
from recmodel.prompts import Prompt
from recmodel.rates import sigmoid
from recmodel.scoring import Logits

SMALLEST = 1e-6


class Silent(Mixture):
    """A model that says nothing: every logit is 0. A calibrator gives it no weight."""

    def __init__(self, base: FrontEnd) -> None:
        super().__init__(base, {})

    def score(
        self,
        prompts: Sequence[Prompt],
        catalogue: Catalogue,
        omega: Omega | None = None,
        *,
        prefixes: PrefixCache | None = None,
    ) -> list[Logits]:
        """Return zeros, float32 [suffixes] a prompt."""
        return [np.zeros(len(prompt.suffixes), np.float32) for prompt in prompts]


class Ensemble(Mixture):
    """SISA (arXiv 1912.03817): the adapters answer one by one, their probabilities are averaged."""

    def __init__(
        self, base: FrontEnd, adapters: Mapping[int, AdapterState], scope: Scope = "suffix"
    ) -> None:
        super().__init__(base, {})
        self._base = base
        self._members = [
            Mixture(base, {shard: state}, scope) for shard, state in sorted(adapters.items())
        ]

    def score(
        self,
        prompts: Sequence[Prompt],
        catalogue: Catalogue,
        omega: Omega | None = None,
        *,
        prefixes: PrefixCache | None = None,
    ) -> list[Logits]:
        """Return the logits of the mean probabilities; all members weigh alike.

        They share what is read of the histories.
        """
        prefixes = prefixes or PrefixCache(self._base, catalogue)
        each = [m.score(prompts, catalogue, prefixes=prefixes) for m in self._members]
        return [_pooled(logits) for logits in zip(*each, strict=True)]


def _pooled(logits: Sequence[Logits]) -> Logits:
    mean = np.mean([sigmoid(one.astype(np.float64)) for one in logits], axis=0)
    kept = np.clip(mean, SMALLEST, 1 - SMALLEST)
    pooled: Logits = (np.log(kept) - np.log1p(-kept)).astype(np.float32)
    return pooled
