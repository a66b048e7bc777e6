"""Loading a base for the text front end, from a folder or from the hub."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, PretrainedConfig
from transformers.utils.logging import disable_progress_bar

from recmodel.base import BrokenBaseError
from recmodel.probe import check_head, packing_fault, refuse_stateful, refuse_unfit
from recmodel.template import Template
from recmodel.text import TextModel
from recmodel.tree import TREE
from recmodel.wording import Wording


def load_text(
    source: str,
    template: Template,
    *,
    dtype: torch.dtype = torch.float32,
    device: str = "cpu",
    device_map: str | dict[str, str] | None = None,
) -> TextModel:
    """Load a frozen causal LM and its tokenizer: a folder, read from it alone, or a hub id.

    `device_map` spreads the base over devices, as transformers takes it, instead of `device`.

    Raises BrokenBaseError when files are missing or damaged, UnfitModelError for a model that
    cannot share a prefix, AnswerError and TemplateError for a tokenizer or template that does not
    give one token an answer.
    """
    config = read_config(source)
    refuse_unfit(config)
    wording = Wording(template, _pretrained(AutoTokenizer, source))
    lm = _pretrained(
        AutoModelForCausalLM,
        source,
        config=config,
        dtype=dtype,
        attn_implementation=TREE,
        device_map=device_map,
    )
    refuse_stateful(lm)
    if device_map is None:
        lm.to(device)
    model = TextModel(lm, wording, source).eval().requires_grad_(False)
    return probed(model)


def probed(model: TextModel) -> TextModel:
    """Return the model as it can run: packed, or one suffix a row where packing is not exact."""
    check_head(model)
    if packing_fault(model) is not None:
        model.packs = False
        model.lm.set_attn_implementation("eager")
    return model


def read_config(source: str) -> PretrainedConfig:
    """Read a base's configuration; raises BrokenBaseError when it cannot."""
    config: PretrainedConfig = _pretrained(AutoConfig, source)
    return config


def _pretrained(kind: Any, source: str, **options: Any) -> Any:
    # Loading takes a moment, and callers have bars of their own.
    disable_progress_bar()  # type: ignore[no-untyped-call]
    is_folder = Path(source).is_dir()
    try:
        return kind.from_pretrained(source, local_files_only=is_folder, **options)
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        first = str(error).strip().partition("\n")[0]
        where = "the folder" if is_folder else "no folder here; as a hub id it"
        raise BrokenBaseError(
            f"The base {source!r} ({where}) cannot be loaded by {kind.__name__} ({first}). Name a"
            " folder with config.json, tokenizer files and safetensors of a causal language model,"
            " or a hub id that this machine can reach."
        ) from error
