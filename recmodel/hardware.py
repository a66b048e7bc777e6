"""Where a text base stands and how many bits its numbers have: decided here and nowhere else."""

from __future__ import annotations

import psutil
import torch

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def device() -> str:
    """Return where a base goes that is not spread over devices."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def dtype() -> str:
    """Return what a new plan's base is held in: half the bytes on a GPU, exact bits on a CPU."""
    return "bfloat16" if torch.cuda.is_available() else "float32"


def free_bytes(device_map: str | None = None) -> int:
    """Return the memory that a base and its training may take: of one device, or of all."""
    if not torch.cuda.is_available():
        return int(psutil.virtual_memory().available)
    counted = range(torch.cuda.device_count() if device_map else 1)
    return sum(torch.cuda.mem_get_info(number)[0] for number in counted)
