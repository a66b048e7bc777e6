"""A tiny model, a tiny catalogue and a few subjects: Alice, Bob and others."""

from dataclasses import replace

import numpy as np
import torch

from recmodel.adapter import AdapterState
from recmodel.base import BaseConfig, ItemTokenModel
from recmodel.catalogue import Catalogue
from recmodel.prompts import Prompt, Reaction, prompt_ranges, prompts_of
from recmodel.training import TrainingConfig, initial_state

CONFIG = TrainingConfig(
    rank=4,
    alpha=8,
    epochs=2,
    batch_prompts=3,
    learning_rate=1e-2,
    history_size=12,
    targets_per_prompt=6,
    min_history=2,
    seed="5e" * 32,
)


def tiny_model() -> ItemTokenModel:
    torch.manual_seed(7)
    shape = BaseConfig("none", dimension=24, hidden=32, layers=2, heads=2, intermediate=48)
    return ItemTokenModel(shape).eval().requires_grad_(False)


def vectors(dimension: int) -> np.ndarray:
    found = np.random.default_rng(7).standard_normal((60, dimension)).astype(np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def tiny_catalogue() -> Catalogue:
    return Catalogue([f"item-{n}" for n in range(60)], vectors(24))


def records(subject: str, n: int) -> list[Reaction]:
    rng = np.random.default_rng(sum(subject.encode()))
    items = rng.permutation(60)[:n]
    return [
        Reaction(f"item-{i}", bool(rng.random() < 0.6), f"2024-01-01T00:00:{at:02d}Z")
        for at, i in enumerate(items)
    ]


def prompts(*subjects: str, n: int = 17) -> list[Prompt]:
    ranges = prompt_ranges(n, history_size=12, targets_per_prompt=6, min_history=2)
    return [p for subject in subjects for p in prompts_of(subject, records(subject, n), ranges)]


def adapter(model: ItemTokenModel, seed: int, config: TrainingConfig = CONFIG) -> AdapterState:
    """An adapter that does something: B is drawn too."""
    state = initial_state(model, config, seed)
    torch.manual_seed(seed)
    tensors = {n: torch.randn(t.shape) * 0.3 if ".lora_B." in n else t for n, t in state.items()}
    return replace(state, tensors=tensors)


def one_hot(batch: int, adapters: int, chosen: int) -> np.ndarray:
    """Return omega that is one adapter alone."""
    omega = np.zeros((batch, adapters), np.float32)
    omega[:, chosen] = 1
    return omega
