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

from recmodel.catalogue import Catalogue
from recmodel.front_end import FrontEnd, Questions
from recmodel.gate import Gating
from recmodel.prefixes import History, Past, PrefixCache, read
from recmodel.prompts import Prompt, Reaction
from recmodel.rates import Counts

# Serving pads every row to one of these sizes, and every batch to a number of rows that its size
# decides, so that a prompt meets the same kernels whatever it is scored together with.
SIZES = (8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096)
MOST_ROWS, MOST_SUFFIXES = 8, 256  # in tokens
CANDIDATES = 64  # of one subject in a pass, always

Logits = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Batch:
    """B prompts of S suffix places, in the shape that a pass has.

    prefix_places, suffix_tokens: what prefixes and suffixes are padded to, in tokens as the front
    end counts them; None for the longest of them. suffix_sizes [B], liked [B, S] float (0 in
    padding).
    """

    prompts: Sequence[Prompt]
    catalogue: Catalogue
    prefix_places: int | None
    suffix_tokens: int | None
    suffix_sizes: Tensor
    liked: Tensor

    @property
    def real(self) -> Tensor:
        """Return [B, S], true where there is a target and not padding."""
        places = torch.arange(self.liked.shape[1], device=self.liked.device)
        return places < self.suffix_sizes[:, None]

    def questions(self, model: FrontEnd) -> Questions:
        """Return the suffixes as tokens."""
        targets = [prompt.suffixes for prompt in self.prompts]
        size = self.suffix_tokens
        if size is None:
            size = max(model.question_size(each, self.catalogue) for each in targets)
        return model.questions(targets, self.liked.shape[1], size, self.catalogue)

    def to(self, device: torch.device) -> Batch:
        """Return the batch with its tensors on a device."""
        names = ("suffix_sizes", "liked")
        return replace(self, **{name: getattr(self, name).to(device) for name in names})


def collate(
    prompts: Sequence[Prompt],
    catalogue: Catalogue,
    prefix_places: int | None = None,
    suffix_places: int | None = None,
    suffix_tokens: int | None = None,
) -> Batch:
    """Put prompts into a batch; places default to the longest prefix and suffix among them."""
    S = max(len(p.suffixes) for p in prompts) if suffix_places is None else suffix_places
    liked = np.zeros((len(prompts), S), np.float32)
    for row, prompt in enumerate(prompts):
        liked[row, : len(prompt.suffixes)] = [r.liked for r in prompt.suffixes]
    return Batch(
        prompts=prompts,
        catalogue=catalogue,
        prefix_places=prefix_places,
        suffix_tokens=suffix_tokens,
        suffix_sizes=torch.tensor([len(p.suffixes) for p in prompts]),
        liked=torch.from_numpy(liked),
    )


def score(
    model: FrontEnd, batch: Batch, gating: Gating | None = None, past: Past | None = None
) -> Tensor:
    """Return the logits, Yes minus No, of all targets: [B, S]; padding holds nothing of use.

    `gating` says how much of each attached adapter each row gets; None is the frozen base.
    `past` are the batch's prefixes where they have been read before; one row serves all. Raises
    UnknownItem when the catalogue lacks an item, ValueError when `past` was read under a gating
    that is not the one that holds for it here. A model that does not pack takes no `past`.
    """
    if not model.packs:
        return model.answer(one_by_one(model, batch, gating))
    return model.answer(packed(model, batch, gating, past))


def packed(
    model: FrontEnd, batch: Batch, gating: Gating | None = None, past: Past | None = None
) -> Tensor:
    """Return the states [B, S, hidden] that the answers are read from, a prefix read once for all.

    Arguments and errors are those of `score`.
    """
    over_prefix = gating if gating is not None and gating.scope == "full" else None
    if past is None:
        histories = [prompt.prefix for prompt in batch.prompts]
        with torch.set_grad_enabled(torch.is_grad_enabled() and over_prefix is not None):
            past = read(model, histories, batch.prefix_places, batch.catalogue, over_prefix)
    elif past.gating is not over_prefix:
        raise ValueError(
            "these prefixes were read under other weights: in full scope their keys and values"
            " hold for one omega only, so read them anew"
        )
    asked = batch.questions(model)
    B, S, T, _ = asked.tokens.shape
    with model.gate.at(_for_tokens(gating, T)):
        out = model.lm.base_model(
            inputs_embeds=asked.tokens.flatten(1, 2),
            attention_mask=past.mask,
            position_ids=_positions(past.sizes, B, S, T),
            use_cache=False,
            past=past,
            suffix_size=T,
        )
    return asked.ends(out.last_hidden_state)


def _positions(sizes: Tensor, B: int, S: int, T: int) -> Tensor:
    """Return [B, S * T]: every suffix begins at the position after its prefix."""
    each = sizes[:, None, None] + torch.arange(T, device=sizes.device)
    return each.expand(B, S, T).reshape(B, S * T)


def _for_tokens(gating: Gating | None, T: int) -> Gating | None:
    """Give each suffix's weights to all of its tokens."""
    if gating is None or gating.weights.dim() == 2 or T == 1:
        return gating
    return replace(gating, weights=gating.weights.repeat_interleave(T, dim=1))


def one_by_one(model: FrontEnd, batch: Batch, gating: Gating | None = None) -> Tensor:
    """Return the states [B, S, hidden] as `packed` does, by plain passes with one suffix a row.

    What packing is probed against, and how a model runs that fails the probe: any causal LM can.
    """
    histories = [prompt.prefix for prompt in batch.prompts]
    counted = [model.history_size(history, batch.catalogue) for history in histories]
    P = max(counted) if batch.prefix_places is None else batch.prefix_places
    told = model.histories(histories, P, batch.catalogue)
    asked = batch.questions(model)
    states = []
    for row, n in enumerate(counted):
        # One prompt at a time, so that its rows depend on no other prompt.
        S, T, width = asked.tokens.shape[1:]
        tokens = told.new_zeros(S, P + T, width)
        tokens[:, :n] = told[row, :n]
        tokens[:, n : n + T] = asked.tokens[row]
        with model.gate.at(_for_rows(gating, row, n, (S, T, P))):
            # Never `position_ids` here: transformers takes them for packed sequences.
            out = model.lm.base_model(inputs_embeds=tokens, use_cache=False).last_hidden_state
        states.append(out[torch.arange(S, device=out.device), n + asked.last[row]])
    return torch.stack(states)


def _for_rows(
    gating: Gating | None, row: int, n: int, shape: tuple[int, int, int]
) -> Gating | None:
    """Return one prompt's weights for the tokens of its S rows: in suffix scope 0 on the prefix."""
    if gating is None:
        return None
    S, T, P = shape
    weights = gating.weights[row if len(gating.weights) > 1 else 0]  # [R] or [S, R]
    if gating.scope == "full":
        return replace(gating, weights=weights.expand(S, -1))
    spread = weights.new_zeros(S, P + T, weights.shape[-1])
    spread[:, n : n + T] = weights.view(-1, 1, weights.shape[-1])
    return replace(gating, weights=spread)


def score_prompts(
    model: FrontEnd,
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
    for places, (P, S, T) in _groups(model, prompts, catalogue):
        rows = [*places, *places[:1] * (_rows(S * T) - len(places))]
        batch = collate([prompts[row] for row in rows], catalogue, P, S, T).to(model.device)
        gating = None if gatings is None else _stack([gatings[row] for row in rows])
        past = None
        if model.packs and (gating is None or gating.scope == "suffix"):
            past = prefixes.past([prompts[row] for row in rows], P)
        with torch.no_grad():
            logits = score(model, batch, gating, past).float().cpu().numpy()
        for at, place in enumerate(places):
            out[place] = logits[at, : len(prompts[place].suffixes)].copy()
    return out


def score_candidates(
    model: FrontEnd,
    history: History,
    items: Sequence[str],
    catalogue: Catalogue,
    gating: Gating | None = None,
    counts: Counts | None = None,
) -> Logits:
    """Score one subject's candidates, any number of them: float32 [items].

    The history is read once. Candidates go in passes of one size and stand alike in each, so a
    logit depends neither on the other candidates nor on its place among them. `gating` has one
    row, [1, R], or, in suffix scope, weights for each candidate, [1, items, R]. `counts`, without
    the subject's own records, say what others made of the items.
    """
    asked: Sequence[Reaction] = [Reaction(item, False, "") for item in items]
    if counts is not None:
        history, asked = counts.tell(history), counts.tell(asked)
    places = _padded(model.history_size(history, catalogue))
    out = np.empty(len(items), np.float32)
    with torch.no_grad():
        past = _read_one(model, history, places, catalogue, gating)
        for chosen, T in _passes(model, asked, catalogue):
            prompt = Prompt("", history, tuple(asked[at] for at in chosen))
            batch = collate([prompt], catalogue, places, CANDIDATES, T).to(model.device)
            logits = score(model, batch, _part(gating, chosen), past)
            out[chosen] = logits[0, : len(chosen)].float().cpu().numpy()
    return out


def _passes(
    model: FrontEnd, asked: Sequence[Reaction], catalogue: Catalogue
) -> Iterator[tuple[list[int], int]]:
    """Yield the places of each pass's candidates, with the tokens that their suffixes have."""
    by_size: dict[int, list[int]] = {}
    for place, target in enumerate(asked):
        size = _question_places(model, [target], catalogue)
        by_size.setdefault(size, []).append(place)
    for size, places in by_size.items():
        for start in range(0, len(places), CANDIDATES):
            yield places[start : start + CANDIDATES], size


def _read_one(
    model: FrontEnd,
    history: History,
    places: int,
    catalogue: Catalogue,
    gating: Gating | None,
) -> Past | None:
    if not model.packs:
        return None
    if gating is not None and gating.scope == "full":
        return read(model, [history], places, catalogue, gating)
    cache = PrefixCache(model, catalogue, max_bytes=0)
    return cache.past([Prompt("", history, ())], places)


def _part(gating: Gating | None, chosen: Sequence[int]) -> Gating | None:
    """Return the weights of the pass with these candidates, 0 for its padding."""
    if gating is None or gating.weights.dim() == 2:
        return gating
    weights = gating.weights[:, list(chosen)]
    return replace(gating, weights=pad(weights, (0, 0, 0, CANDIDATES - weights.shape[1])))


def _groups(
    model: FrontEnd, prompts: Sequence[Prompt], catalogue: Catalogue
) -> Iterator[tuple[list[int], tuple[int, int, int]]]:
    """Yield the places of a batch's prompts, all of one padded size, with that size P, S, T."""
    by_size: dict[tuple[int, int, int], list[int]] = {}
    for place, prompt in enumerate(prompts):
        if prompt.suffixes:
            P = _padded(model.history_size(prompt.prefix, catalogue))
            T = _question_places(model, prompt.suffixes, catalogue)
            by_size.setdefault((P, _padded(len(prompt.suffixes)), T), []).append(place)
    for (P, S, T), places in by_size.items():
        rows = _rows(S * T)
        for start in range(0, len(places), rows):
            yield places[start : start + rows], (P, S, T)


def _rows(suffix_tokens: int) -> int:
    # One request asks for hundreds of candidates: it should not pay for seven rows of padding.
    return max(1, min(MOST_ROWS, MOST_SUFFIXES // suffix_tokens))


def _question_places(model: FrontEnd, targets: Sequence[Reaction], catalogue: Catalogue) -> int:
    # Where every question is one token, there is nothing to pad.
    size = model.question_size(targets, catalogue)
    return size if size == 1 else _padded(size)


def _padded(n: int) -> int:
    for size in SIZES:
        if n <= size:
            return size
    raise ValueError(
        f"a prompt has {n} reactions or tokens where at most {SIZES[-1]} fit: split the prompt, or"
        " choose a smaller history_size"
    )


def _stack(gatings: Sequence[Gating]) -> Gating:
    return replace(gatings[0], weights=torch.cat([gating.weights for gating in gatings]))
