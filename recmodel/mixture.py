"""The mixture: K adapters over one base, weighted anew for every sample, in one forward pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from recmodel.adapter import AdapterState
from recmodel.base import ItemTokenModel
from recmodel.catalogue import Catalogue
from recmodel.gate import Gating, Scope
from recmodel.lora import attach
from recmodel.prompts import Prompt
from recmodel.scoring import Logits, score_prompts


def equal_weights(batch: int, adapters: int) -> npt.NDArray[np.float32]:
    """Return omega [batch, adapters] with 1 / adapters everywhere."""
    return np.full((batch, adapters), 1 / max(1, adapters), np.float32)


def one_hot(batch: int, adapters: int, chosen: int) -> npt.NDArray[np.float32]:
    """Return omega [batch, adapters] that is one adapter alone."""
    omega = np.zeros((batch, adapters), np.float32)
    omega[:, chosen] = 1
    return omega


class Mixture:
    """Sum over k of omega_k B_k A_k beside every adapted layer (arXiv 2404.10327, ND form).

    `shards` gives the order of omega's columns: the adapters' keys, ascending. Without adapters
    it is the frozen base.
    """

    def __init__(
        self,
        base: ItemTokenModel,
        adapters: Mapping[int, AdapterState],
        scope: Scope = "suffix",
    ) -> None:
        self.shards = tuple(sorted(adapters))
        self._scope = scope
        self._model = base
        if self.shards:
            every = [adapters[shard] for shard in self.shards]
            self._rank = every[0].rank
            self._model = attach(base, concatenated(every))

    def gatings(self, omega: npt.NDArray[np.floating]) -> list[Gating]:
        """Turn omega [batch, K] into one gate row, [1, K * r], a sample.

        Raises ValueError when omega is not [batch, K].
        """
        if omega.ndim != 2 or omega.shape[1] != len(self.shards):
            raise ValueError(
                f"omega has shape {omega.shape}; it needs one column for each of the"
                f" {len(self.shards)} adapters {self.shards}"
            )
        rows = torch.from_numpy(np.ascontiguousarray(omega, np.float32))
        rows = rows.repeat_interleave(self._rank, dim=1)
        return [Gating(row[None], self._scope) for row in rows]

    def score(
        self,
        prompts: Sequence[Prompt],
        catalogue: Catalogue,
        omega: npt.NDArray[np.floating] | None = None,
    ) -> list[Logits]:
        """Return one float32 array of logits [suffixes] a prompt; omega [len(prompts), K].

        None weighs all adapters alike. Raises ValueError for an omega of another shape.
        """
        if not self.shards:
            return score_prompts(self._model, prompts, catalogue)
        if omega is None:
            omega = equal_weights(len(prompts), len(self.shards))
        if len(omega) != len(prompts):
            raise ValueError(f"omega has {len(omega)} rows for {len(prompts)} prompts")
        return score_prompts(self._model, prompts, catalogue, self.gatings(omega))


def concatenated(adapters: Sequence[AdapterState]) -> AdapterState:
    """Join adapters of one shape into one of rank K * r, its ranks in the adapters' order.

    Raises ValueError when they differ in rank, alpha or layers.
    """
    first = adapters[0]
    for other in adapters[1:]:
        if _shape(other) != _shape(first):
            raise ValueError("adapters of different rank, alpha or layers cannot be mixed")
    tensors = {name: _join(name, [a[name] for a in adapters]) for name in first}
    # alpha grows with the rank, so that alpha / rank stays what each was trained with.
    K = len(adapters)
    return AdapterState(tensors, first.rank * K, first.alpha * K, first.target_modules)


def _join(name: str, parts: Sequence[Tensor]) -> Tensor:
    return torch.cat(list(parts), dim=0 if ".lora_A." in name else 1)


def _shape(adapter: AdapterState) -> tuple[object, ...]:
    shapes = {name: tuple(tensor.shape) for name, tensor in adapter.items()}
    return adapter.rank, adapter.alpha, adapter.target_modules, shapes
