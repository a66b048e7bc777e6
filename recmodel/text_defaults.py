"""Hyper-parameters of new plans over text bases: TALLRec's where it has them (arXiv 2305.00447)."""

from __future__ import annotations

from recmodel.lora import adapter_size, linear_layers
from recmodel.memory import fitted
from recmodel.probe import UnfitModelError
from recmodel.text import TextModel
from recmodel.training_config import TrainingConfig

# What attention projects queries and values by, as families name it.
ATTENTION = (("q_proj", "v_proj"), ("query_key_value",), ("qkv_proj",))


def training_defaults(model: TextModel, seed: str, free: int) -> TrainingConfig:
    """Return the hyper-parameters of a plan over this base, with passes that fit `free` bytes.

    Rank, alpha, layers and rate are TALLRec's. Its windows, (10, 1), would read a history anew for
    each target: with as many targets as records of history, most of the reading is shared.

    Raises UnfitModelError for a model whose attention has layers of other names,
    MemoryShortError where not even one prompt fits.
    """
    layers = linear_layers(model)
    for names in ATTENTION:
        if layers.issuperset(names):
            config = TrainingConfig(
                rank=8,
                alpha=16,
                target_modules=names,
                learning_rate=1e-4,
                history_size=32,
                targets_per_prompt=32,
                seed=seed,
            )
            adapted = adapter_size(model, config.rank, names)
            return fitted(model.lm.config, model.dtype, config, adapted, free)
    known = ", ".join("+".join(names) for names in ATTENTION)
    raise UnfitModelError(
        f"the model {model.lm.config.model_type} has no attention layers by the names {known}, but"
        f" {', '.join(sorted(layers))}: use another base"
    )
