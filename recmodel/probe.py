"""What a causal LM can do, found out when it is loaded.

Packing (many suffixes over one reading of a prefix) needs attention that goes by position alone
and sees everything before. Names do not tell: the model is asked both ways and compared.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from transformers import PretrainedConfig, PreTrainedModel

from recmodel.catalogue import Catalogue
from recmodel.prompts import Prompt, Reaction
from recmodel.scoring import collate, one_by_one, packed
from recmodel.text import TextModel

# How far two ways of computing the same states may lie apart, of the states' size.
TOLERANCE = {torch.float32: 1e-4, torch.float16: 2e-2, torch.bfloat16: 6e-2}
ALIBI = {"bloom", "mpt"}
TITLES = ("Yesterday", "No", "The long way home (1999)", "A", "Rain, rain", "Seven")


class UnfitModelError(ValueError):
    """A model cannot be asked for what a prompt's targets share, or not by its output head."""


def refuse_unfit(config: PretrainedConfig) -> None:
    """Raise UnfitModelError, with the reason, for an architecture that no prefix can be shared in.

    It looks at the configuration alone, so that nothing is loaded in vain.
    """
    name = config.model_type
    if name in ALIBI or getattr(config, "alibi", False):
        reason = "its attention goes by distance (ALiBi), and takes no positions"
    elif getattr(config, "is_encoder_decoder", False):
        reason = "it is an encoder with a decoder, not a causal language model"
    elif odd := sorted(set(getattr(config, "layer_types", None) or ()) & RECURRENT):
        reason = f"it has layers of the kind {odd[0]}, which keep a running state"
    else:
        return
    raise UnfitModelError(f"the model {name} cannot be the base: {reason}. {REMEDY}")


# Kinds of layers, in transformers' words, whose state runs on over the sequence.
RECURRENT = {"linear_attention", "conv", "hybrid", "hybrid_sliding"}
REMEDY = "Use one with plain rotary or learned positions, such as Llama, Qwen2 or GPT-NeoX"


def refuse_stateful(lm: PreTrainedModel) -> None:
    """Raise UnfitModelError for a model whose layers keep a running state (Mamba, hybrids)."""
    if getattr(lm, "_is_stateful", False):
        raise UnfitModelError(
            f"the model {lm.config.model_type} cannot be the base: its layers keep a running"
            f" state instead of keys and values that targets could share. {REMEDY}"
        )


def sees_everything(config: PretrainedConfig) -> bool:
    """Tell whether each token sees all before it, in prompts of any length."""
    kinds = set(getattr(config, "layer_types", None) or ["full_attention"])
    window = getattr(config, "sliding_window", None)
    windowed = bool(window) and getattr(config, "use_sliding_window", True)
    return kinds == {"full_attention"} and not windowed


def packing_fault(model: TextModel) -> str | None:
    """Compare packed with one suffix a row; return None, or what is wrong with packing."""
    if not sees_everything(model.lm.config):
        return "some of its layers see a window of the prompt only"
    prompts, catalogue = _example()
    batch = collate(prompts, catalogue).to(model.device)
    with torch.no_grad():
        plain = one_by_one(model, batch)
        try:
            together = packed(model, batch)
        except (TypeError, ValueError, RuntimeError, IndexError, AttributeError) as error:
            return f"its attention takes no tree of suffixes ({type(error).__name__})"
    apart = _apart(together, plain, batch.real)
    if not apart <= TOLERANCE[model.dtype]:
        return f"packed and unpacked states lie {apart:.1e} of their size apart"
    return None


def check_head(model: TextModel) -> None:
    """Raise UnfitModelError unless the model's own logits are what `answer` reads."""
    ids = torch.tensor([list(model.wording.opening)], device=model.device)
    with torch.no_grad():
        own = model.lm(input_ids=ids, use_cache=False).logits[0, -1].float()
        hidden = model.lm.base_model(input_ids=ids, use_cache=False).last_hidden_state[0, -1]
        ours = model.answer(hidden)
    theirs = own[model.wording.yes] - own[model.wording.no]
    size = own.abs().max().clamp(min=1e-3)
    if not abs(ours - theirs) <= TOLERANCE[model.dtype] * size:
        raise UnfitModelError(
            f"the model {model.lm.config.model_type} cannot be the base: its output head does"
            " more than one matrix product (it scales or caps logits), so the rows for Yes and"
            " No are not its answer. Use another model"
        )


def _apart(one: Tensor, other: Tensor, real: Tensor) -> float:
    difference = (one.float() - other.float())[real]
    return float(difference.norm() / other.float()[real].norm().clamp(min=1e-30))


def _example() -> tuple[list[Prompt], Catalogue]:
    """Return prompts of different length with targets of different length."""
    ids = [str(place) for place in range(len(TITLES))]
    catalogue = Catalogue(ids, np.zeros((len(ids), 1), np.float32), TITLES)
    told = [Reaction(item, place % 2 == 0, "") for place, item in enumerate(ids)]
    return [
        Prompt("", (), tuple(told[:3])),
        Prompt("", tuple(told[:4]), tuple(told[2:])),
    ], catalogue
