"""Loading a base for the text front end, from a folder or from the hub, and as a plan names it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, PretrainedConfig
from transformers.utils.logging import disable_progress_bar

from recmodel import hardware
from recmodel.base import BrokenBaseError
from recmodel.memory import MemoryShortError, check_loads
from recmodel.probe import (
    UnfitModelError,
    check_head,
    packing_fault,
    refuse_stateful,
    refuse_unfit,
)
from recmodel.template import Template, TemplateError
from recmodel.text import TextModel
from recmodel.tree import TREE
from recmodel.wording import AnswerError, Wording

ITEM_TOKEN, TEXT = "item-token", "text"
# What loading may fail by; each message says what to do.
FAULTS = (BrokenBaseError, UnfitModelError, AnswerError, TemplateError, MemoryShortError)


def load_text(
    source: str,
    template: Template,
    *,
    dtype: str = "float32",
    device_map: str | None = None,
    wording: type[Wording] = Wording,
) -> TextModel:
    """Load a frozen causal LM and its tokenizer: a folder, read from it alone, or a hub id.

    `device_map` spreads the base over devices, as transformers takes it; without one it stands
    where `hardware` says. `wording` makes prompts into tokens.

    Raises BrokenBaseError when files are missing or damaged, UnfitModelError for a model that
    cannot share a prefix, AnswerError and TemplateError for a tokenizer or template that does not
    give one token an answer, MemoryShortError when it does not fit.
    """
    config = read_config(source)
    refuse_unfit(config)
    with _named(source, AutoConfig):
        check_loads(source, config, hardware.DTYPES[dtype], hardware.free_bytes(device_map))
    words = wording(template, read_tokenizer(source))
    lm, found = _pretrained(
        AutoModelForCausalLM,
        source,
        config=config,
        dtype=hardware.DTYPES[dtype],
        attn_implementation=TREE,
        device_map=device_map,
        use_safetensors=True,  # a pickle is a program
        output_loading_info=True,
    )
    _check_whole(source, found["missing_keys"])
    refuse_stateful(lm)
    if device_map is None:
        lm.to(hardware.device())
    return probed(TextModel(lm, words).eval().requires_grad_(False))


def probed(model: TextModel) -> TextModel:
    """Return the model as it can run: packed, or one suffix a row where packing is not exact."""
    check_head(model)
    if packing_fault(model) is not None:
        model.packs = False
        model.lm.set_attn_implementation("eager")
    return model


def named_in_plan(
    model: TextModel, source: str, dtype: str, device_map: str | None
) -> dict[str, Any]:
    """Return the part of a plan's content that says which base and which words."""
    wording = model.wording
    return {
        "front_end": TEXT,
        "base": {
            "name": source,
            "dtype": dtype,
            "device_map": device_map,
            "digest": model.digest,
            "tokenizer": wording.tokenizer_digest,
        },
        "template": {"text": wording.template.text, "digest": wording.template.digest},
    }


def load_named(base: Mapping[str, Any], template: Mapping[str, Any]) -> TextModel:
    """Load what a plan names; raises as `load_text` does."""
    return load_text(
        base["name"],
        Template.parse(template["text"]),
        dtype=base["dtype"],
        device_map=base["device_map"],
    )


def read_config(source: str) -> PretrainedConfig:
    """Read a base's configuration; raises BrokenBaseError when it cannot."""
    config: PretrainedConfig = _pretrained(AutoConfig, source)
    return config


def read_tokenizer(source: str) -> Any:
    """Read a base's tokenizer; raises BrokenBaseError when it cannot."""
    return _pretrained(AutoTokenizer, source)


def _pretrained(kind: Any, source: str, **options: Any) -> Any:
    # Loading takes a moment, and callers have bars of their own.
    disable_progress_bar()  # type: ignore[no-untyped-call]
    is_folder = Path(source).is_dir()
    with _named(source, kind):
        # Without a word on code that comes with a base, transformers asks whoever sits there.
        return kind.from_pretrained(
            source, local_files_only=is_folder, trust_remote_code=False, **options
        )


@contextmanager
def _named(source: str, kind: Any) -> Iterator[None]:
    """Say which base it is that something goes wrong with."""
    try:
        yield
    except MemoryShortError:
        raise
    except Exception as error:  # what a damaged file makes transformers raise can be anything
        first = str(error).strip().partition("\n")[0]
        where = "the folder" if Path(source).is_dir() else "no folder here; as a hub id it"
        raise BrokenBaseError(
            f"The base {source!r} ({where}) cannot be loaded by {kind.__name__} ({first}). Name a"
            " folder with config.json, tokenizer files and safetensors of a causal language model,"
            " or a hub id that this machine can reach."
        ) from error


def _check_whole(source: str, missing: Collection[str]) -> None:
    """Refuse weights that lack some: transformers would draw those anew at every loading."""
    if missing:
        raise BrokenBaseError(
            f"The base {source!r} lacks {len(missing)} tensors of its model, {min(missing)!r} for"
            " one: its files are not whole, or of another architecture than config.json says."
            " Restore them, or name another base."
        )
