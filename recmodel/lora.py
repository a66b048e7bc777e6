"""LoRA layers under a gate, attached by PEFT to a base that they leave as it is."""

from __future__ import annotations

import copy
import hashlib
import itertools
from typing import Any, cast

import torch
from peft import LoraConfig, inject_adapter_in_model
from peft.tuners.lora import Linear
from torch import Tensor, nn

from recmodel.adapter import PREFIX, AdapterState
from recmodel.front_end import FrontEnd
from recmodel.gate import Gate, mix

NAME = "default"


class GatedLinear(Linear):
    """PEFT's LoRA layer with A's output weighed by the gate before B.

    With K adapters concatenated to rank K * r and omega repeated r times it is a mixture of them
    (arXiv 2404.10327, either form), with another omega in every row; where the gate is off it is
    the frozen layer.
    """

    gate: Gate

    def forward(self, x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        """Return base(x) + scaling * B mix(A x) for x [B, T, in], in the base's dtype.

        The adapter computes in its own, float32.
        """
        y: Tensor = self.base_layer(x)
        gating = self.gate.gating
        if gating is None:
            return y
        up = cast(Tensor, self.lora_B[NAME].weight)
        low = mix(self.lora_A[NAME](x.to(up.dtype)), gating)
        flat = y.flatten(0, 1).to(up.dtype)
        # One pass over y, where a product, a scaling and a sum would be three.
        added = torch.addmm(flat, low.flatten(0, 1), up.t(), alpha=self.scaling[NAME])
        return added.to(y.dtype).view_as(y)


def attach(model: FrontEnd, state: AdapterState) -> FrontEnd:
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
            # PEFT gives adapters their layer's dtype; ours are float32 over any base.
            for half in (module.lora_A[NAME], module.lora_B[NAME]):
                half.float()
    _load(adapted, state)
    return adapted


def adapter_parameters(model: FrontEnd) -> dict[str, nn.Parameter]:
    """Return the attached adapter's parameters by their names in a PEFT checkpoint."""
    return {
        PREFIX + name.replace(f".{NAME}.", "."): parameter
        for name, parameter in model.lm.named_parameters()
        if ".lora_A." in name or ".lora_B." in name
    }


def initial_adapter(
    model: FrontEnd, *, rank: int, alpha: int, target_modules: tuple[str, ...], seed: bytes
) -> AdapterState:
    """Draw an adapter that changes nothing yet: A uniform as PEFT draws it, B zero.

    Each A has a CPU generator of its own, seeded from `seed` and the module's name, so it depends
    neither on the order in which modules are made nor on the global generator.

    Raises ValueError when no linear layer of the model is named in `target_modules`.
    """
    _check_targets(model, target_modules)
    tensors = {}
    for name, module in _linear_layers(model).items():
        if name.rpartition(".")[2] in target_modules:
            stem = f"{PREFIX}{name}.lora_"
            tensors[f"{stem}A.weight"] = _draw(rank, module.in_features, seed, name)
            tensors[f"{stem}B.weight"] = torch.zeros(module.out_features, rank)
    return AdapterState(tensors, rank, alpha, tuple(sorted(target_modules)))


def _draw(rank: int, width: int, seed: bytes, name: str) -> Tensor:
    digest = hashlib.sha256(seed + b"\0" + name.encode()).digest()
    generator = torch.Generator("cpu").manual_seed(int.from_bytes(digest[:8], "big") >> 1)
    bound = width**-0.5  # kaiming_uniform_(a=sqrt(5)), which is what PEFT uses
    return torch.empty(rank, width).uniform_(-bound, bound, generator=generator)


def linear_layers(model: FrontEnd) -> set[str]:
    """Return the names that adapters can be attached by: the last parts of the layers' names."""
    return {name.rpartition(".")[2] for name in _linear_layers(model)}


def adapter_size(model: FrontEnd, rank: int, target_modules: tuple[str, ...]) -> int:
    """Return the number of weights that an adapter has."""
    return sum(
        rank * (layer.in_features + layer.out_features)
        for name, layer in _linear_layers(model).items()
        if name.rpartition(".")[2] in target_modules
    )


def _linear_layers(model: FrontEnd) -> dict[str, nn.Linear]:
    # Answers are read from two rows of the output head, past any adapter on it.
    return {
        name: module
        for name, module in model.lm.named_modules()
        if isinstance(module, nn.Linear) and module is not model.head
    }


def _check_targets(model: FrontEnd, target_modules: tuple[str, ...]) -> None:
    leaves = linear_layers(model)
    if not target_modules or set(target_modules) - leaves:
        raise ValueError(
            f"target_modules {target_modules} must name linear layers: {', '.join(sorted(leaves))}"
        )


def _load(adapted: FrontEnd, state: AdapterState) -> None:
    parameters = adapter_parameters(adapted)
    if set(parameters) != set(state):
        wrong = sorted(set(parameters) ^ set(state))
        raise ValueError(f"the adapter does not fit this base: {wrong[0]} is in one of them only")
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(state[name])
