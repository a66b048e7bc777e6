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

import numpy as np
import torch
from torch import Tensor
from transformers import DynamicCache

from recmodel.base import NO, PAD, YES, ItemTokenModel
from recmodel.catalogue import Catalogue
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
    model: ItemTokenModel,
    histories: Sequence[History],
    places: int,
    catalogue: Catalogue,
    gating: Gating | None = None,
) -> Past:
    """Read histories, padded to `places`, under a gating or by the frozen base.

    Padding stands on the right, so plain causal attention keeps it from every real token.
    Raises UnknownItem when the catalogue lacks an item.
    """
    device = model.centre.device
    sizes = torch.tensor([len(history) for history in histories], device=device)
    if places == 0:
        return Past(_nothing(model, len(histories)), sizes, gating)
    reactions = np.full((len(histories), places), PAD)
    for row, history in enumerate(histories):
        reactions[row, : len(history)] = [YES if r.liked else NO for r in history]
    items = vectors(histories, places, catalogue).to(device)
    cache = DynamicCache(config=model.lm.config)
    with model.gate.at(gating):
        tokens = model.embed(items, torch.from_numpy(reactions).to(device))
        model.lm.model(inputs_embeds=tokens, past_key_values=cache, use_cache=True)
    layers: list[Any] = list(cache.layers)
    states = torch.stack([kept for layer in layers for kept in (layer.keys, layer.values)])
    return Past(states.view(len(layers), 2, *states.shape[1:]), sizes, gating)


def vectors(rows: Sequence[Sequence[Reaction]], places: int, catalogue: Catalogue) -> Tensor:
    """Return the items' embeddings, [rows, places, d], 0 in padding."""
    found = np.zeros((len(rows), places, catalogue.embeddings.shape[1]), np.float32)
    for row, reactions in enumerate(rows):
        found[row, : len(reactions)] = catalogue.vectors(r.item for r in reactions)
    return torch.from_numpy(found)


class PrefixCache:
    """The frozen base's keys and values of prompts' prefixes, kept within a number of bytes.

    An entry is read by itself, without padding, so it is a function of base, embeddings and that
    one prefix, to the bit: whether it is kept, was dropped and is read anew, or what else is kept
    makes no difference. It is personal data as the prefix is: keep only what is still there. For
    one thread.
    """

    def __init__(
        self, model: ItemTokenModel, catalogue: Catalogue, max_bytes: int = MAX_BYTES
    ) -> None:
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
        sizes = [len(prompt.prefix) for prompt in prompts]
        P = max(sizes) if places is None else places
        L, two, _, H, _, D = _nothing(self._model, 0).shape
        device = self._model.centre.device
        # Padding must be finite: it is multiplied by shares of 0.
        states = torch.zeros(L, two, len(prompts), H, P, D, device=device)
        entries: dict[History, Tensor] = {}
        for row, prompt in enumerate(prompts):
            if prompt.prefix not in entries:
                entries[prompt.prefix] = self._entry(prompt)
            states[:, :, row, :, : sizes[row]] = entries[prompt.prefix]
        return Past(states, torch.tensor(sizes, device=device))

    def keep_only(self, prompts: Iterable[Prompt]) -> None:
        """Drop all that is not a prefix of one of these prompts, of its own subject."""
        kept = {(prompt.subject, prompt.prefix) for prompt in prompts}
        self._drop([key for key in self._entries if key not in kept])

    def check(self, model: ItemTokenModel, catalogue: Catalogue) -> None:
        """Raise ValueError unless this cache's base is under `model`, its catalogue the same."""
        # Attaching adapters shares the base's parameters.
        if self._model.project.weight is not model.project.weight:
            raise ValueError("these prefixes were read by another base: make a cache of its own")
        if self.catalogue is not catalogue:
            raise ValueError("these prefixes were read with another catalogue: use the same object")

    def _entry(self, prompt: Prompt) -> Tensor:
        """Return [layers, 2, heads, prefix, head size]."""
        key = (prompt.subject, prompt.prefix)
        entry = self._entries.pop(key, None)
        if entry is None:
            with torch.no_grad():
                past = read(self._model, [prompt.prefix], len(prompt.prefix), self.catalogue)
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


def _nothing(model: ItemTokenModel, rows: int) -> Tensor:
    shape = model.config
    head = shape.hidden // shape.heads
    return torch.zeros(shape.layers, 2, rows, shape.heads, 0, head, device=model.centre.device)
