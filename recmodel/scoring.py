"""One function from prompts to logits, in training and in serving.

The history of a prompt is a prefix that its targets share: it goes through the model once, and
the targets follow as suffixes that see the prefix and themselves, never one another (a tree
mask), all at the position after the prefix. Where adapters act on suffixes only, the prefix
needs neither adapter nor gradient.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from transformers import DynamicCache

from recmodel.base import ASKED, NO, PAD, YES, ItemTokenModel
from recmodel.catalogue import Catalogue
from recmodel.gate import Gating
from recmodel.prompts import Prompt, Reaction

# Serving pads every row to one of these sizes, and every batch to a number of rows that its size
# decides, so that a prompt meets the same kernels whatever it is scored together with.
SIZES = (8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096)
MOST_ROWS, MOST_SUFFIXES = 8, 256

Logits = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Batch:
    """Prompts as tensors, padded on the right: B rows, P prefix and S suffix places.

    prefix [B, P, d], reactions [B, P] (vocabulary ids), prefix_sizes [B]; suffixes [B, S, d],
    suffix_sizes [B], liked [B, S] float (0 in padding).
    """

    prefix: Tensor
    reactions: Tensor
    prefix_sizes: Tensor
    suffixes: Tensor
    suffix_sizes: Tensor
    liked: Tensor

    @property
    def real(self) -> Tensor:
        """Return [B, S], true where there is a target and not padding."""
        return torch.arange(self.suffixes.shape[1]) < self.suffix_sizes[:, None]


def collate(
    prompts: Sequence[Prompt],
    catalogue: Catalogue,
    prefix_places: int | None = None,
    suffix_places: int | None = None,
) -> Batch:
    """Put prompts into tensors; places default to the longest prefix and suffix among them.

    Raises UnknownItem when the catalogue lacks an item.
    """
    P = max(len(p.prefix) for p in prompts) if prefix_places is None else prefix_places
    S = max(len(p.suffixes) for p in prompts) if suffix_places is None else suffix_places
    reactions = np.full((len(prompts), P), PAD)
    liked = np.zeros((len(prompts), S), np.float32)
    for row, prompt in enumerate(prompts):
        reactions[row, : len(prompt.prefix)] = [YES if r.liked else NO for r in prompt.prefix]
        liked[row, : len(prompt.suffixes)] = [r.liked for r in prompt.suffixes]
    return Batch(
        prefix=_vectors([p.prefix for p in prompts], P, catalogue),
        reactions=torch.from_numpy(reactions),
        prefix_sizes=torch.tensor([len(p.prefix) for p in prompts]),
        suffixes=_vectors([p.suffixes for p in prompts], S, catalogue),
        suffix_sizes=torch.tensor([len(p.suffixes) for p in prompts]),
        liked=torch.from_numpy(liked),
    )


def score(model: ItemTokenModel, batch: Batch, gating: Gating | None = None) -> Tensor:
    """Return the logits, Yes minus No, of all targets: [B, S]; padding holds nothing of use.

    `gating` says how much of each attached adapter each row gets; None is the frozen base.
    """
    weights = None if gating is None else gating.weights
    everywhere = gating is not None and gating.scope == "full"
    cache = DynamicCache(config=model.lm.config)
    needs_grad = torch.is_grad_enabled() and everywhere
    with torch.set_grad_enabled(needs_grad), model.gate.at(weights if everywhere else None):
        _read_prefix(model, batch, cache)
    with model.gate.at(weights):
        return _ask(model, batch, cache)


def score_prompts(
    model: ItemTokenModel,
    prompts: Sequence[Prompt],
    catalogue: Catalogue,
    gatings: Sequence[Gating] | None = None,
) -> list[Logits]:
    """Score prompts for serving: one float32 array [suffixes] a prompt, in the order given.

    `gatings` holds one row of weights, [1, R], for each prompt. Prompts are grouped by size
    alone and every batch has the same number of rows, so a prompt's logits do not depend on
    the others'.
    """
    out: list[Logits] = [np.empty(0, np.float32)] * len(prompts)
    for places, (P, S) in _groups(prompts):
        rows = [*places, *places[:1] * (_rows(S) - len(places))]
        batch = collate([prompts[row] for row in rows], catalogue, P, S)
        gating = None if gatings is None else _stack([gatings[row] for row in rows])
        with torch.no_grad():
            logits = score(model, batch, gating).numpy()
        for at, place in enumerate(places):
            out[place] = logits[at, : len(prompts[place].suffixes)].copy()
    return out


def _read_prefix(model: ItemTokenModel, batch: Batch, cache: DynamicCache) -> None:
    """Fill the cache with the prefixes' keys and values.

    Padding stands on the right, so plain causal attention keeps it from every real token.
    """
    if batch.prefix.shape[1] == 0:
        return
    model.lm.model(
        inputs_embeds=model.embed(batch.prefix, batch.reactions),
        past_key_values=cache,
        use_cache=True,
    )


def _ask(model: ItemTokenModel, batch: Batch, cache: DynamicCache) -> Tensor:
    B, S, _ = batch.suffixes.shape
    asked = torch.full((B, S), ASKED)
    out = model.lm.model(
        inputs_embeds=model.embed(batch.suffixes, asked),
        attention_mask=_tree_mask(batch),
        position_ids=batch.prefix_sizes[:, None].expand(B, S),
        past_key_values=cache,
        use_cache=True,
    )
    return model.answer(out.last_hidden_state)


def _tree_mask(batch: Batch) -> Tensor:
    """Return [B, 1, S, P + S], 0 where a suffix may look and -inf where not.

    An explicit 4-D mask: from repeated position_ids alone transformers would guess packed
    sequences, and with a cache drop the isolation without a word.
    """
    B, S, P = *batch.suffixes.shape[:2], batch.prefix.shape[1]
    to_prefix = torch.arange(P) < batch.prefix_sizes[:, None]
    seen = torch.cat(
        [to_prefix[:, None].expand(B, S, P), torch.eye(S, dtype=torch.bool).expand(B, S, S)], dim=2
    )
    return torch.zeros(B, 1, S, P + S).masked_fill_(~seen[:, None], float("-inf"))


def _vectors(rows: Sequence[Sequence[Reaction]], places: int, catalogue: Catalogue) -> Tensor:
    vectors = np.zeros((len(rows), places, catalogue.embeddings.shape[1]), np.float32)
    for row, reactions in enumerate(rows):
        vectors[row, : len(reactions)] = catalogue.vectors(r.item for r in reactions)
    return torch.from_numpy(vectors)


def _groups(prompts: Sequence[Prompt]) -> Iterator[tuple[list[int], tuple[int, int]]]:
    """Yield the places of a batch's prompts, all of one padded size, with that size."""
    by_size: dict[tuple[int, int], list[int]] = {}
    for place, prompt in enumerate(prompts):
        if prompt.suffixes:
            size = (_padded(len(prompt.prefix)), _padded(len(prompt.suffixes)))
            by_size.setdefault(size, []).append(place)
    for size, places in by_size.items():
        rows = _rows(size[1])
        for start in range(0, len(places), rows):
            yield places[start : start + rows], size


def _rows(suffixes: int) -> int:
    # One request asks for hundreds of candidates: it should not pay for seven rows of padding.
    return max(1, min(MOST_ROWS, MOST_SUFFIXES // suffixes))


def _padded(n: int) -> int:
    for size in SIZES:
        if n <= size:
            return size
    raise ValueError(f"{n} reactions in one prompt; at most {SIZES[-1]} fit: split the prompt")


def _stack(gatings: Iterable[Gating]) -> Gating:
    every = list(gatings)
    return Gating(torch.cat([g.weights for g in every]), every[0].scope)
