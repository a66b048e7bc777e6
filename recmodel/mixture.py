"""The mixture: K adapters over one base, weighted anew for every sample, in one forward pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from recmodel.adapter import AdapterState
from recmodel.catalogue import Catalogue
from recmodel.front_end import FrontEnd
from recmodel.gate import Form, Gating, Scope
from recmodel.lora import attach
from recmodel.prefixes import PrefixCache
from recmodel.prompts import Prompt, Reaction
from recmodel.rates import Counts
from recmodel.scoring import Logits, score_candidates, score_prompts

Omega = npt.NDArray[np.floating]


def equal_weights(batch: int, adapters: int) -> npt.NDArray[np.float32]:
    """Return omega [batch, adapters] with 1 / adapters everywhere."""
    return np.full((batch, adapters), 1 / max(1, adapters), np.float32)


class Mixture:
    """K adapters beside every adapted layer, weighed by omega (arXiv 2404.10327).

    form "nd": sum over k of omega_k B_k A_k; "d": (sum of omega_k B_k)(sum of omega_k A_k).
    `shards` gives the order of omega's columns: the adapters' keys, ascending. Without adapters
    it is the frozen base.
    """

    def __init__(
        self,
        base: FrontEnd,
        adapters: Mapping[int, AdapterState],
        scope: Scope = "suffix",
        form: Form = "nd",
    ) -> None:
        self.shards = tuple(sorted(adapters))
        self._scope = scope
        self._form = form
        self._model = base
        self._rank = 0
        if self.shards:
            every = [adapters[shard] for shard in self.shards]
            self._rank = every[0].rank
            self._model = attach(base, concatenated(every))

    def score(
        self,
        prompts: Sequence[Prompt],
        catalogue: Catalogue,
        omega: Omega | None = None,
        *,
        prefixes: PrefixCache | None = None,
    ) -> list[Logits]:
        """Return one float32 array of logits [suffixes] a prompt; omega [len(prompts), K].

        None weighs all adapters alike. `prefixes` keeps what is read of the prompts for the next
        time, see `score_prompts`. Raises ValueError for an omega of another shape.
        """
        if omega is None:
            omega = equal_weights(len(prompts), len(self.shards))
        if len(omega) != len(prompts):
            raise ValueError(f"omega has {len(omega)} rows for {len(prompts)} prompts")
        weights = self._weights(omega)
        gatings = [self._gating(row[None]) for row in weights] if self.shards else None
        return score_prompts(self._model, prompts, catalogue, gatings, prefixes)

    def score_candidates(
        self,
        history: tuple[Reaction, ...],
        items: Sequence[str],
        catalogue: Catalogue,
        omega: Omega | None = None,
        counts: Counts | None = None,
    ) -> Logits:
        """Return one float32 logit an item, all asked after one history.

        omega [1, K] for all of them or [len(items), K]; None weighs all adapters alike. `counts`
        say what others made of the items. A logit
        depends on history, item and its omega alone, and differs by less than 1e-5 from `score`
        of a prompt with that target. Raises ValueError for an omega of another shape.
        """
        if omega is None:
            omega = equal_weights(1, len(self.shards))
        if len(omega) not in (1, len(items)):
            raise ValueError(f"omega has {len(omega)} rows for {len(items)} items: give 1 or all")
        weights = self._weights(omega)
        if not self.shards:
            return score_candidates(self._model, history, items, catalogue, None, counts)
        if len(weights) > 1 and self._scope == "full":
            return self._reading_for_each(history, items, catalogue, weights, counts)
        # One row for all candidates, [1, R], or one each, [1, items, R].
        gating = self._gating(weights if len(weights) == 1 else weights[None])
        return score_candidates(self._model, history, items, catalogue, gating, counts)

    def _reading_for_each(
        self,
        history: tuple[Reaction, ...],
        items: Sequence[str],
        catalogue: Catalogue,
        weights: Tensor,
        counts: Counts | None,
    ) -> Logits:
        """Read the history once for each omega: what the adapters made of it holds for one."""
        out = np.empty(len(items), np.float32)
        different, which = torch.unique(weights, dim=0, return_inverse=True)
        for number, row in enumerate(different):
            places = np.flatnonzero(which.numpy() == number).tolist()
            chosen = [items[place] for place in places]
            gating = self._gating(row[None])
            out[places] = score_candidates(self._model, history, chosen, catalogue, gating, counts)
        return out

    def _weights(self, omega: Omega) -> Tensor:
        """Turn omega [n, K] into gate rows [n, K * r]."""
        if omega.ndim != 2 or omega.shape[1] != len(self.shards):
            raise ValueError(
                f"omega has shape {omega.shape}; it needs one column for each of the"
                f" {len(self.shards)} adapters {self.shards}"
            )
        rows = torch.from_numpy(np.ascontiguousarray(omega, np.float32))
        return rows.repeat_interleave(self._rank, dim=1)

    def _gating(self, weights: Tensor) -> Gating:
        return Gating(weights.to(self._model.device), self._scope, self._form, len(self.shards))


def concatenated(adapters: Sequence[AdapterState]) -> AdapterState:
    """Join adapters of one shape into one of rank K * r, its ranks in the adapters' order.

    Raises ValueError when they differ in rank, alpha or layers.
    """
    first = adapters[0]
    for other in adapters[1:]:
        if _shape(other) != _shape(first):
            raise ValueError("adapters of different rank, alpha, layers or scope cannot be mixed")
    tensors = {name: _join(name, [a[name] for a in adapters]) for name in first}
    # alpha grows with the rank, so that alpha / rank stays what each was trained with.
    K = len(adapters)
    return replace(first, tensors=tensors, rank=first.rank * K, alpha=first.alpha * K)


def _join(name: str, parts: Sequence[Tensor]) -> Tensor:
    return torch.cat(list(parts), dim=0 if ".lora_A." in name else 1)


def _shape(adapter: AdapterState) -> tuple[object, ...]:
    shapes = {name: tuple(tensor.shape) for name, tensor in adapter.items()}
    return adapter.rank, adapter.alpha, adapter.target_modules, adapter.invocation, shapes
