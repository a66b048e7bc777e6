"""Gradient checkpointing: activations computed once more on the way back instead of kept."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from transformers.modeling_layers import GradientCheckpointingLayer

from recmodel.front_end import FrontEnd
from recmodel.gate import Scope


def recompute(model: FrontEnd, scope: Scope) -> None:
    """Let the model's layers keep nothing but their inputs for the way back.

    In full scope a prefix that is kept would be in the way, so one suffix a row is run there.
    Raises ValueError for a model that transformers cannot do this for.
    """

    def contexts() -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
        # On the way back the gate's block has ended, and on a GPU another thread computes.
        return nullcontext(), model.gate.at(model.gate.gating)

    model.lm.activation_checkpointing_enable(
        {"use_reentrant": False, "preserve_rng_state": False, "context_fn": contexts}
    )
    for layer in model.lm.modules():
        if isinstance(layer, GradientCheckpointingLayer):
            # Where transformers looks; what is inside stays as it is, without dropout.
            layer.training = True
    if scope == "full":
        model.packs = False
