"""One function from prompts to logits, in training and in serving.

The history of a prompt is a prefix that its targets share: it goes through the model once, and
the targets follow as suffixes that see the prefix and themselves, never one another
(recmodel.tree), all at the position after the prefix. Where adapters act on suffixes only, the
prefix needs neither adapter nor gradient, and one reading serves all (recmodel.prefixes).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import pad

from recmodel.base import ASKED, ItemTokenModel
from recmodel.catalogue import Catalogue
from recmodel.gate import Gating
from recmodel.prefixes import History, Past, PrefixCache, read, vectors
from recmodel.prompts import Prompt, Reaction

# Serving pads every row to one of these sizes, and every batch to a number of rows that its size
# decides, so that a prompt meets the same kernels whatever it is scored together with.
SIZES = (8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096)
MOST_ROWS, MOST_SUFFIXES = 8, 256
CANDIDATES = 64  # of one subject in a pass, always

Logits = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Batch:
    """Prompts as tensors, padded on the right: B rows, P prefix and S suffix places.

    histories: the B prefixes, read by `score` where their keys and values are not at hand;
    prefix_sizes [B]; suffixes [B, S, d], suffix_sizes [B], liked [B, S] float (0 in padding).
    """

    histories: Sequence[History]
    prefix_places: int
    catalogue: Catalogue
    prefix_sizes: Tensor
    suffixes: Tensor
    suffix_sizes: Tensor
    liked: Tensor

    @property
    def real(self) -> Tensor:
        """Return [B, S], true where there is a target and not padding."""
        places = torch.arange(self.suffixes.shape[1], device=self.suffixes.device)
        return places < self.suffix_sizes[:, None]

    def to(self, device: torch.device) -> Batch:
        """Return the batch with its tensors on a device."""
        names = ("prefix_sizes", "suffixes", "suffix_sizes", "liked")
        return replace(self, **{name: getattr(self, name).to(device) for name in names})


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
    liked = np.zeros((len(prompts), S), np.float32)
    for row, prompt in enumerate(prompts):
        liked[row, : len(prompt.suffixes)] = [r.liked for r in prompt.suffixes]
    return Batch(
        histories=[p.prefix for p in prompts],
        prefix_places=P,
        catalogue=catalogue,
        prefix_sizes=torch.tensor([len(p.prefix) for p in prompts]),
        suffixes=vectors([p.suffixes for p in prompts], S, catalogue),
        suffix_sizes=torch.tensor([len(p.suffixes) for p in prompts]),
        liked=torch.from_numpy(liked),
    )


def score(
    model: ItemTokenModel, batch: Batch, gating: Gating | None = None, past: Past | None = None
) -> Tensor:
    """Return the logits, Yes minus No, of all targets: [B, S]; padding holds nothing of use.

    `gating` says how much of each attached adapter each row gets; None is the frozen base.
    `past` are the batch's prefixes where they have been read before; one row serves all. Raises
    ValueError when they were read under a gating that is not the one that holds for them here.
    """
    over_prefix = gating if gating is not None and gating.scope == "full" else None
    if past is None:
        with torch.set_grad_enabled(torch.is_grad_enabled() and over_prefix is not None):
            past = read(model, batch.histories, batch.prefix_places, batch.catalogue, over_prefix)
    elif past.gating is not over_prefix:
        raise ValueError(
            "these prefixes were read under other weights: in full scope their keys and values"
            " hold for one omega only, so read them anew"
        )
    with model.gate.at(gating):
        return _ask(model, batch, past)


def _ask(model: ItemTokenModel, batch: Batch, past: Past) -> Tensor:
    B, S, _ = batch.suffixes.shape
    asked = torch.full((B, S), ASKED, device=batch.suffixes.device)
    out = model.lm.model(
        inputs_embeds=model.embed(batch.suffixes, asked),
        attention_mask=past.mask,
        position_ids=batch.prefix_sizes[:, None].expand(B, S),
        use_cache=False,
        past=past,
    )
    return model.answer(out.last_hidden_state)


def score_prompts(
    model: ItemTokenModel,
    prompts: Sequence[Prompt],
    catalogue: Catalogue,
    gatings: Sequence[Gating] | None = None,
    prefixes: PrefixCache | None = None,
) -> list[Logits]:
    """Score prompts for serving: one float32 array [suffixes] a prompt, in the order given.

    `gatings` holds one row of weights, [1, R], for each prompt. Prompts are grouped by size
    alone and every batch has the same number of rows, so a prompt's logits do not depend on
    the others'. `prefixes` keeps what was read for the next time; with or without, the bits are
    the same. In full scope it is left aside. Raises ValueError for one of another base.
    """
    if prefixes is None:
        prefixes = PrefixCache(model, catalogue, max_bytes=0)
    prefixes.check(model, catalogue)
    out: list[Logits] = [np.empty(0, np.float32)] * len(prompts)
    for places, (P, S) in _groups(prompts):
        rows = [*places, *places[:1] * (_rows(S) - len(places))]
        batch = collate([prompts[row] for row in rows], catalogue, P, S).to(model.centre.device)
        gating = None if gatings is None else _stack([gatings[row] for row in rows])
        past = None
        if gating is None or gating.scope == "suffix":
            past = prefixes.past([prompts[row] for row in rows], P)
        with torch.no_grad():
            logits = score(model, batch, gating, past).cpu().numpy()
        for at, place in enumerate(places):
            out[place] = logits[at, : len(prompts[place].suffixes)].copy()
    return out


def score_candidates(
    model: ItemTokenModel,
    history: History,
    items: Sequence[str],
    catalogue: Catalogue,
    gating: Gating | None = None,
) -> Logits:
    """Score one subject's candidates, any number of them: float32 [items].

    The history is read once. Candidates go in passes of one size and stand alike in each, so a
    logit depends neither on the other candidates nor on its place among them. `gating` has one
    row, [1, R], or, in suffix scope, weights for each candidate, [1, items, R].
    """
    device, places = model.centre.device, _padded(len(history))
    out = [np.empty(0, np.float32)]
    with torch.no_grad():
        past = _read_one(model, history, places, catalogue, gating)
        for start in range(0, len(items), CANDIDATES):
            chosen = items[start : start + CANDIDATES]
            asked = Prompt("", history, tuple(Reaction(item, False, "") for item in chosen))
            batch = collate([asked], catalogue, places, CANDIDATES).to(device)
            logits = score(model, batch, _part(gating, start), past)
            out.append(logits[0, : len(chosen)].cpu().numpy())
    return np.concatenate(out)


def _read_one(
    model: ItemTokenModel,
    history: History,
    places: int,
    catalogue: Catalogue,
    gating: Gating | None,
) -> Past:
    if gating is not None and gating.scope == "full":
        return read(model, [history], places, catalogue, gating)
    cache = PrefixCache(model, catalogue, max_bytes=0)
    return cache.past([Prompt("", history, ())], places)


def _part(gating: Gating | None, start: int) -> Gating | None:
    """Return the weights of the pass that begins at candidate `start`, 0 for its padding."""
    if gating is None or gating.weights.dim() == 2:
        return gating
    weights = gating.weights[:, start : start + CANDIDATES]
    return replace(gating, weights=pad(weights, (0, 0, 0, CANDIDATES - weights.shape[1])))


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


def _stack(gatings: Sequence[Gating]) -> Gating:
    return replace(gatings[0], weights=torch.cat([gating.weights for gating in gatings]))
