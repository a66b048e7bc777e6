"""The canary: a fixed tiny training run whose digest tells one machine's arithmetic from another's.

Its weights are computed, not read, and it goes through the very code that trains adapters.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import torch

from recmodel.base import BaseConfig, ItemTokenModel
from recmodel.catalogue import Catalogue
from recmodel.prompts import Prompt, Reaction
from recmodel.training import initial_state, train_slice
from recmodel.training_config import TrainingConfig

# Wide enough that every kernel of a real run (vector width, blocking) is met.
SHAPE = BaseConfig("canary", dimension=96, hidden=64, layers=2, heads=2, intermediate=160)


@cache
def canary_digest(device: str = "cpu") -> str:
    """Train a tiny adapter from computed weights on a device; returns its canonical digest."""
    config = TrainingConfig(rank=4, alpha=4, epochs=2, batch_prompts=4, seed="ca" * 32)
    model = computed_model(SHAPE).to(device)
    catalogue = Catalogue([str(i) for i in range(64)], _waves(64 * 96).reshape(64, 96))
    prompts = [_prompt(number) for number in range(8)]
    start = initial_state(model, config, 0)
    return train_slice(model, config, 0, 0, prompts, start, catalogue).digest


def computed_model(shape: BaseConfig) -> ItemTokenModel:
    """Return a frozen model whose weights come from a formula: no files, no generator."""
    # Building draws first weights from the global generator, which is not ours to move.
    with torch.random.fork_rng(devices=[]):
        model = ItemTokenModel(shape)
    with torch.no_grad():
        for place, (name, tensor) in enumerate(sorted(model.state_dict().items())):
            wave = torch.from_numpy(_waves(tensor.numel(), place + 1)).reshape(tensor.shape)
            tensor.copy_(wave * 0.1 + (1.0 if "norm" in name else 0.0))
    return model.eval().requires_grad_(False)


def _waves(n: int, start: int = 0) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    # Integers modulo a prime: exact everywhere, unlike a sine.
    mixed = ((np.arange(n, dtype=np.int64) + 7919 * start + 1) * 48_271) % 2_147_483_647
    return ((mixed % 65_521) / 65_521 * 2 - 1).astype(np.float32)


def _prompt(number: int) -> Prompt:
    reactions = [
        Reaction(str((number * 17 + place * 5) % 64), (number + place) % 3 > 0, f"{place:04d}")
        for place in range(12 + number)
    ]
    return Prompt(str(number), tuple(reactions[:8]), tuple(reactions[8:]))
