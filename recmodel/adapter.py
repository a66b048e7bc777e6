"""LoRA adapters: attached by PEFT, saved as ordinary PEFT checkpoints.

An adapter's state names its tensors as PEFT's checkpoint files do, so a state, a file and stock
`PeftModel.from_pretrained(model.lm, path)` agree without translation.
"""

from __future__ import annotations

import copy
import hashlib
import itertools
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from peft import LoraConfig, inject_adapter_in_model
from peft.tuners.lora import Linear
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from recmodel.base import ItemTokenModel
from recmodel.digest import tensor_digest
from recmodel.gate import Gate

PREFIX = "base_model.model."
NAME = "default"


@dataclass(frozen=True, eq=False)
class AdapterState(Mapping[str, Tensor]):
    """An adapter's tensors by their names in a PEFT checkpoint, with what scales them.

    A: `….lora_A.weight` [rank, in]; B: `….lora_B.weight` [out, rank]; the layer adds
    alpha / rank * B A x.
    """

    tensors: Mapping[str, Tensor]
    rank: int
    alpha: float
    target_modules: tuple[str, ...]

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


class GatedLinear(Linear):  # type: ignore[misc]  # PEFT carries no types
    """PEFT's LoRA layer with A's output multiplied by the gate before B.

    With K adapters concatenated to rank K * r and omega repeated r times it is APA's
    non-decomposition mixture (arXiv 2404.10327), with another omega in every row; where the
    gate is off it is the frozen layer.
    """

    gate: Gate

    def forward(self, x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        """Return base(x) + scaling * B(gate * A(x)) for x [B, T, in]."""
        y: Tensor = self.base_layer(x)
        weights = self.gate.weights
        if weights is None:
            return y
        low: Tensor = self.lora_A[NAME](x) * weights
        return y + cast(Tensor, self.lora_B[NAME](low)) * self.scaling[NAME]


def attach(model: ItemTokenModel, state: AdapterState) -> ItemTokenModel:
    """Return a model that shares the frozen base's weights and carries its own adapter weights.

    Raises ValueError if the state's tensors are not those the model would have.
    """
    shared = itertools.chain(model.parameters(), model.buffers())
    # A tensor in the memo counts as copied: the base's weights stand in memory once.
    adapted = copy.deepcopy(model, {id(tensor): tensor for tensor in shared})
    config = LoraConfig(
        r=state.rank, lora_alpha=state.alpha, target_modules=list(state.target_modules)
    )
    config._register_custom_module({nn.Linear: GatedLinear})
    # PEFT draws initial weights from the global generator, which is not ours to move.
    with torch.random.fork_rng(devices=[]):
        inject_adapter_in_model(config, adapted.lm)
    for module in adapted.lm.modules():
        if isinstance(module, GatedLinear):
            module.gate = adapted.gate
    _load(adapted, state)
    return adapted


def adapter_parameters(model: ItemTokenModel) -> dict[str, nn.Parameter]:
    """Return the attached adapter's parameters by their names in a PEFT checkpoint."""
    return {
        PREFIX + name.replace(f".{NAME}.", "."): parameter
        for name, parameter in model.lm.named_parameters()
        if ".lora_A." in name or ".lora_B." in name
    }


def initial_adapter(
    model: ItemTokenModel, *, rank: int, alpha: float, target_modules: tuple[str, ...], seed: bytes
) -> AdapterState:
    """Draw an adapter that changes nothing yet: A uniform as PEFT draws it, B zero.

    Each A has a CPU generator of its own, seeded from `seed` and the module's name, so it depends
    neither on the order in which modules are made nor on the global generator.

    Raises ValueError when no linear layer of the model is named in `target_modules`.
    """
    tensors = {}
    for name, module in model.lm.named_modules():
        if isinstance(module, nn.Linear) and name.rpartition(".")[2] in target_modules:
            stem = f"{PREFIX}{name}.lora_"
            tensors[f"{stem}A.weight"] = _draw(rank, module.in_features, seed, name)
            tensors[f"{stem}B.weight"] = torch.zeros(module.out_features, rank)
    _check_targets(model, target_modules)
    return AdapterState(tensors, rank, alpha, tuple(sorted(target_modules)))


def save_adapter(path: Path, state: AdapterState) -> str:
    """Write a PEFT checkpoint into the folder `path` and return the state's digest.

    The folder appears complete or not at all: it is written beside and renamed into place. One
    that is there already is replaced.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
    try:
        config = LoraConfig(
            r=state.rank,
            lora_alpha=state.alpha,
            target_modules=sorted(state.target_modules),
            task_type="CAUSAL_LM",
            inference_mode=True,
        ).to_dict()
        text = json.dumps(config, indent=2, sort_keys=True, default=sorted)
        (folder / "adapter_config.json").write_text(text + "\n")
        tensors = {name: state[name].detach().contiguous() for name in sorted(state)}
        save_file(tensors, folder / "adapter_model.safetensors", {"format": "pt"})
        _sync(folder)
        if path.exists():
            shutil.rmtree(path)
        os.replace(folder, path)
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
    return AdapterState(tensors, int(config["r"]), float(config["lora_alpha"]), targets)


def _draw(rank: int, width: int, seed: bytes, name: str) -> Tensor:
    digest = hashlib.sha256(seed + b"\0" + name.encode()).digest()
    generator = torch.Generator("cpu").manual_seed(int.from_bytes(digest[:8], "big") >> 1)
    bound = width**-0.5  # kaiming_uniform_(a=sqrt(5)), which is what PEFT uses
    return torch.empty(rank, width).uniform_(-bound, bound, generator=generator)


def _check_targets(model: ItemTokenModel, target_modules: tuple[str, ...]) -> None:
    leaves = {
        name.rpartition(".")[2]
        for name, module in model.lm.named_modules()
        if isinstance(module, nn.Linear)
    }
    if not target_modules or set(target_modules) - leaves:
        raise ValueError(
            f"target_modules {target_modules} must name linear layers: {', '.join(sorted(leaves))}"
        )


def _load(adapted: ItemTokenModel, state: AdapterState) -> None:
    parameters = adapter_parameters(adapted)
    if set(parameters) != set(state):
        wrong = sorted(set(parameters) ^ set(state))
        raise ValueError(f"the adapter does not fit this base: {wrong[0]} is in one of them only")
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(state[name])


def _sync(folder: Path) -> None:
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
