"""The hyper-parameters of a plan, read strictly."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, cast

from recmodel.gate import Scope

LINEAR_LAYERS = ("down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj", "v_proj")


class ConfigError(ValueError):
    """A field of a training configuration is missing, unknown or out of range."""


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """Everything that an adapter depends on besides base, prompts, shard and slice.

    The defaults are the embedded setting's. `seed` is 64 hex digits and belongs to the plan;
    learning_rate is AdamW's peak; warmup_share is of each slice's steps. To save memory, prompts of
    a step go through the model `pass_prompts` at a time (0: all at once), and `recompute` computes
    the layers' activations once more going back instead of keeping them (gradient checkpointing,
    arXiv 1604.06174).
    """

    rank: int = 8
    alpha: int = 8
    target_modules: tuple[str, ...] = LINEAR_LAYERS
    learning_rate: float = 3e-3
    weight_decay: float = 0.01
    warmup_share: float = 0.1
    epochs: int = 6
    batch_prompts: int = 16
    pass_prompts: int = 0
    recompute: bool = False
    scope: Scope = "suffix"
    history_size: int = 256
    targets_per_prompt: int = 32
    min_history: int = 4
    seed: str = "00" * 32

    def __post_init__(self) -> None:
        _check(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON can hold them."""
        return asdict(self) | {"target_modules": list(self.target_modules)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TrainingConfig:
        """Read what `to_dict` wrote, or a part of it; the rest keeps its default.

        Raises ConfigError naming the field, the value and the remedy.
        """
        known = {field.name for field in fields(cls)}
        for name in values:
            if name not in known:
                raise ConfigError(
                    f"unknown field {name!r} = {values[name]!r}: remove it or use one of"
                    f" {', '.join(sorted(known))}"
                )
        given = dict(values)
        if isinstance(given.get("target_modules"), list):
            given["target_modules"] = tuple(given["target_modules"])
        return cls(**given)


def _check(config: TrainingConfig) -> None:
    for name, lowest in _LOWEST_INT.items():
        value = getattr(config, name)
        if type(value) is not int or value < lowest:
            raise _wrong(name, value, f"a whole number of at least {lowest}")
    for name, (low, high) in _FLOAT_RANGE.items():
        value = getattr(config, name)
        if type(value) not in (int, float) or not low <= value <= high:
            raise _wrong(name, value, f"a number from {low:g} to {high:g}")
        # JSON may turn 1.0 into 1; a plan's digest should not see a difference.
        object.__setattr__(config, name, float(value))
    _check_words(config)


def _check_words(config: TrainingConfig) -> None:
    targets = cast(object, config.target_modules)
    # Which layers there are the base knows: `initial_adapter` refuses others.
    if not isinstance(targets, tuple) or not targets or not all(map(_is_name, targets)):
        raise _wrong("target_modules", targets, f"names of layers, as {', '.join(LINEAR_LAYERS)}")
    object.__setattr__(config, "target_modules", tuple(sorted(set(targets))))
    if not isinstance(cast(object, config.recompute), bool):
        raise _wrong("recompute", config.recompute, "true or false")
    if config.scope not in ("suffix", "full"):
        raise _wrong("scope", config.scope, '"suffix" or "full"')
    if not isinstance(config.seed, str) or not re.fullmatch("[0-9a-f]{64}", config.seed):
        raise _wrong("seed", config.seed, "64 lower-case hex digits")


def _is_name(value: object) -> bool:
    return isinstance(value, str) and value.isidentifier()


def _wrong(name: str, value: object, remedy: str) -> ConfigError:
    return ConfigError(f"{name} is {value!r}: give {remedy}")


_LOWEST_INT = {
    "rank": 1, "alpha": 1, "epochs": 1, "batch_prompts": 1, "pass_prompts": 0,
    "history_size": 1, "targets_per_prompt": 1, "min_history": 0,
}  # fmt: skip
_FLOAT_RANGE = {
    "learning_rate": (1e-9, 1.0), "weight_decay": (0.0, 1.0),
    "warmup_share": (0.0, 1.0),
}  # fmt: skip
