"""Adapters for other servers: several of them, at weights that stay, as one PEFT checkpoint.

A stock server takes one adapter a request and knows no gate. For an omega that does not change
the mixture is an adapter itself: of rank K * r in the form "nd", of rank r in the form "d"
(arXiv 2404.10327).
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from secrets import token_hex

from torch import Tensor

from recmodel.adapter import AdapterState, save_adapter
from recmodel.gate import Form
from recmodel.mixture import concatenated

# Weights are written in decimals and stored in float32: their sum may miss 1 by this much.
SUM_TOLERANCE = 1e-4


class OmegaError(ValueError):
    """Weights are not one number from 0 to 1 for each adapter, with the sum 1."""


def aggregate(
    adapters: Mapping[int, AdapterState], omega: Mapping[int, float], form: Form = "nd"
) -> AdapterState:
    """Return the mixture of adapters by shard at a fixed omega as one adapter.

    "nd": the sum over k of omega_k (alpha / r) B_k A_k, exact, as rank K * r; adapters of weight 0
    take no rank. "d": (alpha / r) (sum of omega_k B_k)(sum of omega_k A_k), rank r. The weights go
    into A and B; alpha / rank stays. Raises OmegaError, and ValueError when the adapters differ in
    shape.
    """
    check_omega(omega, list(adapters))
    chosen = [shard for shard in sorted(adapters) if omega[shard] > 0]
    halves = "A" if form == "nd" else "AB"
    scaled = [_scaled(adapters[shard], omega[shard], halves) for shard in chosen]
    joined = concatenated(scaled)
    if form == "nd":
        return joined
    tensors = {name: _sum([state[name] for state in scaled]) for name in joined}
    return replace(scaled[0], tensors=tensors)


def check_omega(omega: Mapping[int, float], shards: list[int]) -> None:
    """Raise OmegaError unless there is one weight for each shard, and their sum is 1."""
    if not shards or set(omega) != set(shards):
        raise OmegaError(f"{len(omega)} weights for {len(shards)} adapters: give one for each")
    for shard, weight in omega.items():
        if not (math.isfinite(weight) and 0 <= weight <= 1):
            raise OmegaError(f"the weight of shard {shard} is {weight}: give a number from 0 to 1")
    total = math.fsum(omega.values())
    if abs(total - 1) > SUM_TOLERANCE:
        raise OmegaError(f"the weights add up to {total:.6g}: make it 1")


@contextmanager
def exported(path: Path, state: AdapterState) -> Iterator[None]:
    """Write a PEFT checkpoint beside `path`; it takes its place when the block ends well.

    Raises FileExistsError when anything stands at `path`, a link included, and OSError where
    nothing can be written.
    """
    _check_free(path)
    draft = path.parent / f".{path.name}.{token_hex(8)}.export"
    try:
        save_adapter(draft, state)
        yield
        _check_free(path)
        draft.rename(path)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _check_free(path: Path) -> None:
    if path.is_symlink() or path.exists():
        raise FileExistsError(f"{path} is there already. Name a folder that is not.")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path.parent} is not a folder. Make it first.")


def _scaled(state: AdapterState, weight: float, halves: str) -> AdapterState:
    tensors = {
        name: tensor * weight if any(f".lora_{half}." in name for half in halves) else tensor
        for name, tensor in state.items()
    }
    return replace(state, tensors=tensors)


def _sum(tensors: list[Tensor]) -> Tensor:
    total = tensors[0]
    for tensor in tensors[1:]:
        total = total + tensor
    return total
