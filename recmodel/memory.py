"""How much memory a text base takes, told before it is loaded, and how a training is made to fit.

Weights are counted exactly, from the configuration on torch's meta device. The rest is a rough
count from above: what else a process needs, and what an allocator wastes, nobody can tell.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn
from transformers import AutoModelForCausalLM, PretrainedConfig

from recmodel.prefixes import MAX_BYTES
from recmodel.training_config import TrainingConfig

# Tokens that a title with its quotes takes, and the template's words, on the safe side.
TITLE, WORDS = 16, 96
# Tensors of hidden and of inner width that a layer keeps of each token for the way back.
HIDDEN_KEPT, INNER_KEPT = 12, 4
# float32 weights, gradients and AdamW's two moments.
BYTES_A_TRAINED = 16


class MemoryShortError(RuntimeError):
    """A base, or its training, does not fit into the memory that is free."""


@dataclass(frozen=True)
class Need:
    """Bytes: the base, what is kept of prefixes, adapter with optimizer, and one training pass."""

    base: int
    prefixes: int
    adapter: int
    activations: int

    @property
    def training(self) -> int:
        """Return what training takes beside the base."""
        return self.prefixes + self.adapter + self.activations


def base_bytes(config: PretrainedConfig, dtype: torch.dtype) -> int:
    """Return the bytes of a causal LM's weights; nothing is allocated."""
    with torch.device("meta"), torch.random.fork_rng(devices=[]):
        shell: nn.Module = AutoModelForCausalLM.from_config(  # type: ignore[no-untyped-call]
            config, dtype=dtype
        )
    return sum(parameter.nbytes for parameter in shell.parameters())


def check_loads(source: str, config: PretrainedConfig, dtype: torch.dtype, free: int) -> None:
    """Raise MemoryShortError unless the base fits into `free` bytes, prefixes kept included."""
    base = base_bytes(config, dtype)
    if base + MAX_BYTES > free:
        raise MemoryShortError(
            f"The base {source!r} takes {_gib(base)} as {_name(dtype)} and {_gib(MAX_BYTES)} for"
            f" what is read, and {_gib(free)} are free: use a smaller base, a machine with more"
            " memory, or spread it over devices with --device-map auto."
        )


def need(
    config: PretrainedConfig, dtype: torch.dtype, training: TrainingConfig, adapted: int
) -> Need:
    """Estimate what a training takes; `adapted` is the number of weights in an adapter."""
    prompts = training.pass_prompts or training.batch_prompts
    P = training.history_size * TITLE + WORDS
    asked = training.targets_per_prompt * (TITLE + WORDS // 2)  # tokens of a prompt's suffixes
    read = 0 if training.scope == "suffix" else P * prompts
    if training.scope == "full" and training.recompute:
        read *= training.targets_per_prompt  # one suffix a row
    tokens = prompts * asked + read
    layers, heads, kept_width = _shape(config)
    width, inner = config.hidden_size, getattr(config, "intermediate_size", 4 * config.hidden_size)
    size = dtype.itemsize
    # Scores and shares, in float32, of each token to its prefix and suffix.
    layer = tokens * (size * (HIDDEN_KEPT * width + INNER_KEPT * inner) + 8 * heads * (P + TITLE))
    kept = layers * layer
    if training.recompute:
        kept = layer + layers * tokens * width * size
    prefixes = prompts * 2 * layers * kept_width * P * size
    return Need(
        base=base_bytes(config, dtype),
        prefixes=MAX_BYTES + prefixes,
        adapter=adapted * BYTES_A_TRAINED,
        activations=kept,
    )


def fitted(
    config: PretrainedConfig,
    dtype: torch.dtype,
    training: TrainingConfig,
    adapted: int,
    free: int,
) -> TrainingConfig:
    """Return the hyper-parameters with the largest passes whose training fits into `free` bytes.

    `free` is beside the base. Smaller passes come first, as they cost nothing but a bit of speed;
    then activations are recomputed. A plan holds what was chosen: the last bits go by it.

    Raises MemoryShortError with estimate and remedy when not even one prompt fits.
    """
    halvings = range(math.ceil(math.log2(training.batch_prompts)) + 1)
    sizes = [0, *(max(1, training.batch_prompts >> step) for step in halvings if step)]
    for recompute in (False, True):
        for size in sizes:
            tried = replace(training, pass_prompts=size, recompute=recompute)
            if need(config, dtype, tried, adapted).training <= free:
                return tried
    least = need(config, dtype, tried, adapted).training
    raise MemoryShortError(
        f"Training takes {_gib(least)} beside the base with one prompt a pass and activations"
        f" recomputed, and {_gib(free)} are free: choose a smaller history_size or"
        " targets_per_prompt, a smaller base, or a machine with more memory."
    )


def _shape(config: PretrainedConfig) -> tuple[int, int, int]:
    """Return layers, heads, and the width of keys."""
    heads = config.num_attention_heads
    size = getattr(config, "head_dim", None) or config.hidden_size // heads
    kept = getattr(config, "num_key_value_heads", None) or heads
    return config.num_hidden_layers, heads, kept * size


def _gib(n: int) -> str:
    return f"{n / 2**30:.1f} GiB" if n >= 2**28 else f"{n / 2**20:.1f} MiB"


def _name(dtype: Any) -> str:
    return str(dtype).removeprefix("torch.")
