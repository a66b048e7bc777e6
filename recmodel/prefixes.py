"""What the model keeps of histories: their keys and values, read once and used again.

In suffix scope they are the frozen base's, so they hold for every candidate, omega, adapter,
epoch and retraining. In full scope they hold for the one gating they were read under.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache

from recmodel.catalogue import Catalogue
from recmodel.front_end import FrontEnd
from recmodel.gate import Gating
from recmodel.prompts import Prompt, Reaction

MAX_BYTES = 512 << 20

History = tuple[Reaction, ...]


@dataclass(frozen=True, eq=False)
class Past:
    """Keys and values of B histories, padded on the right to P places.

    states [layers, 2, B, heads, P, head size]; sizes [B]; gating: what the adapters were at when
    the histories were read, None for the frozen base.
    """

    states: Tensor
    sizes: Tensor
    gating: Gating | None = None

    @cached_property
    def mask(self) -> Tensor:
        """Return [B, 1, 1, P]: 0 where a history stands, -inf in its padding."""
        B, P = len(self.sizes), self.states.shape[-2]
        padding = torch.arange(P, device=self.sizes.device) >= self.sizes[:, None]
        zeros = self.states.new_zeros(B, P)
        return zeros.masked_fill_(padding, float("-inf"))[:, None, None]


def read(
    model: FrontEnd,
    histories: Sequence[History],
    places: int | None,
    catalogue: Catalogue,
    gating: Gating | None = None,
) -> Past:
    """Read histories, padded to `places` or the longest of them, by the base or under a gating.

    Padding stands on the right, so plain causal attention keeps it from every real token.
    Raises UnknownItem when the catalogue lacks an item.
    """
    device = model.device
    counted = [model.history_size(history, catalogue) for history in histories]
    sizes = torch.tensor(counted, device=device)
    P = max(counted) if places is None else places
    if P == 0:
        return Past(_nothing(model, len(histories)), sizes, gating)
    cache = DynamicCache(config=model.lm.config)
    with model.gate.at(gating):
        tokens = model.histories(histories, P, catalogue)
        model.lm.base_model(inputs_embeds=tokens, past_key_values=cache, use_cache=True)
    layers: list[Any] = list(cache.layers)
    # A base may be spread over devices; what is kept of histories stands on the first.
    each = [kept.to(device) for layer in layers for kept in (layer.keys, layer.values)]
    states = torch.stack(each)
    return Past(states.view(len(layers), 2, *states.shape[1:]), sizes, gating)


class PrefixCache:
    """The frozen base's keys and values of prompts' prefixes, kept within a number of bytes.

    An entry is read by itself, without padding, so it is a function of base, embeddings and that
    one prefix, to the bit: whether it is kept, was dropped and is read anew, or what else is kept
    makes no difference. It is personal data as the prefix is: keep only what is still there. For
    one thread.
    """

    def __init__(self, model: FrontEnd, catalogue: Catalogue, max_bytes: int = MAX_BYTES) -> None:
        self.catalogue = catalogue
        self.max_bytes = max_bytes
        self.bytes = 0
        self._model = model
        # The least recently used first.
        self._entries: OrderedDict[tuple[str, History], Tensor] = OrderedDict()

    @property
    def subjects(self) -> frozenset[str]:
        """Return the subjects of whom anything is kept."""
        return frozenset(subject for subject, _ in self._entries)

    def past(self, prompts: Sequence[Prompt], places: int | None = None) -> Past:
        """Return the prompts' prefixes side by side, padded to `places` or the longest of them.

        Raises UnknownItem when the catalogue lacks an item.
        """
        entries: dict[History, Tensor] = {}
        for prompt in prompts:
            if prompt.prefix not in entries:
                entries[prompt.prefix] = self._entry(prompt)
        rows = [entries[prompt.prefix] for prompt in prompts]
        sizes = [entry.shape[-2] for entry in rows]
        P = max(sizes) if places is None else places
        L, two, _, H, _, D = _nothing(self._model, 0).shape
        # Padding must be finite: it is multiplied by shares of 0.
        states = rows[0].new_zeros(L, two, len(prompts), H, P, D)
        for row, entry in enumerate(rows):
            states[:, :, row, :, : sizes[row]] = entry
        return Past(states, torch.tensor(sizes, device=states.device))

    def keep_only(self, prompts: Iterable[Prompt]) -> None:
        """Drop all that is not a prefix of one of these prompts, of its own subject."""
        kept = {(prompt.subject, prompt.prefix) for prompt in prompts}
        self._drop([key for key in self._entries if key not in kept])

    def check(self, model: FrontEnd, catalogue: Catalogue) -> None:
        """Raise ValueError unless this cache's base is under `model`, its catalogue the same."""
        if not self._model.shares_base(model):
            raise ValueError("these prefixes were read by another base: make a cache of its own")
        if self.catalogue is not catalogue:
            raise ValueError("these prefixes were read with another catalogue: use the same object")

    def _entry(self, prompt: Prompt) -> Tensor:
        """Return [layers, 2, heads, prefix, head size]."""
        key = (prompt.subject, prompt.prefix)
        entry = self._entries.pop(key, None)
        if entry is None:
            with torch.no_grad():
                past = read(self._model, [prompt.prefix], None, self.catalogue)
            entry = past.states[:, :, 0]
            self.bytes += entry.nbytes
        self._entries[key] = entry
        self._drop_oldest()
        return entry

    def _drop_oldest(self) -> None:
        while self.bytes > self.max_bytes:
            self._drop([next(iter(self._entries))])

    def _drop(self, keys: Sequence[tuple[str, History]]) -> None:
        for key in keys:
            self.bytes -= self._entries.pop(key).nbytes


def _nothing(model: FrontEnd, rows: int) -> Tensor:
    layers, heads, size = model.kept_shape
    return torch.zeros(layers, 2, rows, heads, 0, size, dtype=model.dtype, device=model.device)
