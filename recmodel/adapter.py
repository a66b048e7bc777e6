"""Adapters: their weights, saved and read as ordinary PEFT checkpoints.

An adapter's state names its tensors as PEFT's checkpoint files do, so a state, a file and stock
`PeftModel.from_pretrained(model.lm, path)` agree without translation.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from peft import LoraConfig
from safetensors.torch import load_file, save
from torch import Tensor

from recmodel.digest import tensor_digest

PREFIX = "base_model.model."


@dataclass(frozen=True, eq=False)
class AdapterState(Mapping[str, Tensor]):
    """An adapter's tensors by their names in a PEFT checkpoint, with what scales them.

    A: `….lora_A.weight` [rank, in]; B: `….lora_B.weight` [out, rank]; the layer adds
    alpha / rank * B A x. invocation: the tokens from which on stock PEFT applies it (aLoRA, arXiv
    2504.12397), for text in suffix scope; without any it applies it to every token.
    """

    tensors: Mapping[str, Tensor]
    rank: int
    alpha: int
    target_modules: tuple[str, ...]
    invocation: tuple[int, ...] = ()

    def __getitem__(self, name: str) -> Tensor:
        return self.tensors[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.tensors)

    def __len__(self) -> int:
        return len(self.tensors)

    @property
    def digest(self) -> str:
        """Return the canonical digest of the tensors."""
        return tensor_digest(self.tensors)


def save_adapter(path: Path, state: AdapterState) -> str:
    """Write a PEFT checkpoint into the folder `path` and return the state's digest.

    The folder appears complete or not at all: it is written beside and renamed into place. One
    that is there already is replaced.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = path.parent / f".{path.name}.{secrets.token_hex(8)}"
    folder.mkdir()
    try:
        config = LoraConfig(
            r=state.rank,
            lora_alpha=state.alpha,
            target_modules=sorted(state.target_modules),
            task_type="CAUSAL_LM",
            inference_mode=True,
            alora_invocation_tokens=list(state.invocation) or None,
        )
        # PEFT keeps target_modules as a set: sorted, so that the file does not vary.
        fields = config.to_dict()  # type: ignore[no-untyped-call]
        text = json.dumps(fields, indent=2, sort_keys=True, default=sorted)
        (folder / "adapter_config.json").write_text(text + "\n")
        tensors = {name: state[name].detach().contiguous() for name in sorted(state)}
        # Through bytes: safetensors' own files are readable by their owner alone, whatever umask.
        data = save(tensors, {"format": "pt"})
        (folder / "adapter_model.safetensors").write_bytes(data)
        _sync(folder)
        if path.exists():
            shutil.rmtree(path)
        folder.replace(path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return state.digest


def load_adapter(path: Path) -> AdapterState:
    """Read a PEFT checkpoint.

    Raises FileNotFoundError when a file is missing, ValueError when the checkpoint is not plain
    LoRA: its rank-stabilised or weight-decomposed kin cannot be mixed by a gate.
    """
    config = json.loads((path / "adapter_config.json").read_text())
    odd = [name for name in ("use_rslora", "use_dora", "rank_pattern") if config.get(name)]
    if config.get("peft_type") != "LORA" or odd:
        raise ValueError(f"{path} is not a plain LoRA checkpoint ({odd or config['peft_type']})")
    tensors = load_file(path / "adapter_model.safetensors")
    targets = tuple(sorted(config["target_modules"]))
    invocation = tuple(config.get("alora_invocation_tokens") or ())
    return AdapterState(tensors, int(config["r"]), int(config["lora_alpha"]), targets, invocation)


def _sync(folder: Path) -> None:
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
