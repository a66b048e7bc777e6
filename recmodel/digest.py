"""Canonical digests of tensors: what the weights are, not how a file happens to hold them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import torch
from torch import Tensor

_INTEGER = {1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}


def tensor_digest(tensors: Mapping[str, Tensor]) -> str:
    """Return `sha256:<hex>` over the tensors, whatever the order they come in.

    For each name, sorted: name, dtype, shape and the raw little-endian bytes, every field
    preceded by its length. File hashes would not do: safetensors' header order and metadata
    may change while no weight does.
    """
    state = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        shape = ",".join(map(str, tensor.shape))
        for field in (name.encode(), str(tensor.dtype).encode(), shape.encode(), _raw(tensor)):
            state.update(len(field).to_bytes(8, "big"))
            state.update(field)
    return f"sha256:{state.hexdigest()}"


def _raw(tensor: Tensor) -> bytes:
    # numpy knows no bfloat16: go by integers of the same width, little-endian on every machine.
    width = tensor.element_size()
    as_integers = tensor.reshape(-1).view(_INTEGER[width]).numpy()
    return as_integers.astype(f"<i{width}", copy=False).tobytes()
