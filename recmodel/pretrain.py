"""Make the shipped base: `python -m recmodel.pretrain --out recmodel/shipped`.

The base is trained on simulated subjects over fictional catalogues, and on nothing else: no
person's records and no real catalogue. Every subject comes with a world of its own, so what can
be learnt is how to read a history, not what is good about an item.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from recmodel.base import ASKED, NO, YES, BaseConfig, ItemTokenModel, told_of
from recmodel.card import model_card
from recmodel.catalogue import Catalogue
from recmodel.determinism import configure
from recmodel.encoder import Encoder
from recmodel.fictional import domains, fictional_catalogue
from recmodel.prompts import Reaction, prompt_ranges
from recmodel.rates import Counts
from recmodel.simulate import Life, World, live, unit_features

Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Recipe:
    """How the base is made."""

    seed: int = 20240501
    items_per_domain: int = 4000
    # A subject meets a part of a domain's items: catalogues differ in size and in what they hold.
    world_items: int = 1000
    records: int = 256
    # How many of a subject's records are asked about.
    questions: int = 96
    batch: int = 8
    steps: int = 1500
    learning_rate: float = 1.5e-3
    weight_decay: float = 0.01
    warmup_steps: int = 100


# What is told of others: in histories, in questions; with the share of subjects.
TOLD_SHARES = (((True, True), 0.5), ((False, True), 0.25), ((False, False), 0.25))


@dataclass(frozen=True)
class Lesson:
    """A batch for training at many lengths of history at once.

    vectors [B, N, d], liked [B, N], told [B, N, 3]: the records in time order, and what is told of
    others beside them. asked [B, Q]: the places of the records that are asked about, each by a
    query that sees the first seen [B, Q] records, as it would in a prompt whose targets begin
    there; asked_told [B, Q, 3].
    """

    vectors: Tensor
    liked: Tensor
    told: Tensor
    asked: Tensor
    seen: Tensor
    asked_told: Tensor


def embed_domains(encoder: Encoder, recipe: Recipe) -> dict[str, Vectors]:
    """Return each domain's embeddings, [items_per_domain, d]."""
    return {
        domain: encoder.encode(
            [i.text for i in fictional_catalogue(recipe.items_per_domain, recipe.seed, domain)]
        )
        for domain in domains()
    }


def draw_lesson(tables: Sequence[Vectors], recipe: Recipe, rng: np.random.Generator) -> Lesson:
    """Draw a batch of subjects, each in a world of its own."""
    drawn = [_draw_subject(tables, recipe, rng) for _ in range(recipe.batch)]
    return Lesson(*(torch.from_numpy(np.stack(each)) for each in zip(*drawn, strict=True)))


def lesson_loss(model: ItemTokenModel, lesson: Lesson) -> Tensor:
    """Return the mean cross-entropy over all queries of the batch.

    Tokens are [N of history | Q queries]; one pass answers for every length of history.
    """
    B, N = lesson.liked.shape
    row = torch.arange(B)[:, None]
    history = model.embed(lesson.vectors, lesson.told, torch.where(lesson.liked, YES, NO))
    queries = model.embed(
        lesson.vectors[row, lesson.asked],
        lesson.asked_told,
        torch.full(lesson.asked.shape, ASKED),
    )
    out = model.lm.model(
        inputs_embeds=torch.cat([history, queries], dim=1),
        attention_mask=_lesson_mask(lesson.seen, N),
        position_ids=torch.cat([torch.arange(N).expand(B, N), lesson.seen], dim=1),
        use_cache=False,
    )
    logits = model.answer(out.last_hidden_state[:, N:])
    return binary_cross_entropy_with_logits(logits, lesson.liked[row, lesson.asked].float())


def pretrain(tables: dict[str, Vectors], shape: BaseConfig, recipe: Recipe) -> ItemTokenModel:
    """Train a base from its first weights on; prints the loss every 50 steps."""
    torch.manual_seed(recipe.seed)
    model = ItemTokenModel(shape)
    every = list(tables.values())
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay, fused=True
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _pace(step, recipe))
    rng = np.random.default_rng(recipe.seed)
    total = 0.0
    for step in range(1, recipe.steps + 1):
        loss = lesson_loss(model, draw_lesson(every, recipe, rng))
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        total += loss.item()
        if step % 50 == 0:
            print(f"step {step:5d}  loss {total / 50:.4f}", flush=True)
            total = 0.0
    return model


def main() -> None:
    """Read the command line, train, and write the base with its card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder to write the base to")
    parser.add_argument("--steps", type=int, default=Recipe.steps)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--embeddings", type=Path, help="an .npz to keep the embeddings in")
    given = parser.parse_args()
    configure(given.threads)
    recipe = Recipe(steps=given.steps)
    encoder = Encoder.load()
    shape = BaseConfig(encoder=encoder.digest, dimension=encoder.dimension)
    model = pretrain(_tables(encoder, recipe, given.embeddings), shape, recipe)
    model.save(given.out)
    (given.out / "README.md").write_text(model_card(model, asdict(recipe)))


def _draw_subject(
    tables: Sequence[Vectors], recipe: Recipe, rng: np.random.Generator
) -> tuple[npt.NDArray[Any], ...]:
    table = tables[int(rng.integers(len(tables)))]
    part = table[rng.choice(len(table), recipe.world_items, replace=False)]
    world = World.over(unit_features(part), rng)
    life: Life = live(world, rng, recipe.records)
    counts = _counts(*world.reactions_of_others(rng))
    # As a catalogue gives them, and as prompts tell them.
    seen = Catalogue([str(place) for place in range(len(part))], part)
    records = counts.tell(Reaction(str(item), False, "") for item in life.items)
    vectors = seen.centred(reaction.item for reaction in records)
    told = told_of([records], len(records))[0].numpy()
    in_history, in_question = _draw_told(rng)
    asked = np.sort(rng.choice(len(records), recipe.questions, replace=False))
    return (
        vectors,
        life.liked,
        told * np.float32(in_history),
        asked,
        _seen(len(records), rng)[asked],
        told[asked] * np.float32(in_question),
    )


def _counts(likes: npt.NDArray[np.int64], reactions: npt.NDArray[np.int64]) -> Counts:
    return Counts.of(
        {str(place): int(n) for place, n in enumerate(likes)},
        {str(place): int(n) for place, n in enumerate(reactions)},
    )


def _draw_told(rng: np.random.Generator) -> tuple[bool, bool]:
    shares = [share for _, share in TOLD_SHARES]
    return TOLD_SHARES[int(rng.choice(len(shares), p=shares))][0]


def _seen(n: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Draw how much of the history each record's query sees: as in prompts of some size."""
    targets = int(rng.choice((1, 8, 32)))
    ranges = prompt_ranges(n, history_size=n, targets_per_prompt=targets, min_history=0)
    return np.repeat([r.target for r in ranges], [r.end - r.target for r in ranges])


def _lesson_mask(seen: Tensor, N: int) -> Tensor:
    """Return [B, 1, N + Q, N + Q], true where a token may look: see `lesson_loss`."""
    B, Q = seen.shape
    place = torch.arange(N)
    causal = (place[None, :] <= place[:, None]).expand(B, N, N)
    history = torch.cat([causal, torch.zeros(B, N, Q, dtype=torch.bool)], dim=2)
    to_history = place[None, None, :] < seen[:, :, None]
    itself = torch.eye(Q, dtype=torch.bool).expand(B, Q, Q)
    queries = torch.cat([to_history, itself], dim=2)
    return torch.cat([history, queries], dim=1).unsqueeze(1)


def _pace(step: int, recipe: Recipe) -> float:
    if step < recipe.warmup_steps:
        return (step + 1) / recipe.warmup_steps
    done = (step - recipe.warmup_steps) / max(1, recipe.steps - recipe.warmup_steps)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


def _tables(encoder: Encoder, recipe: Recipe, kept: Path | None) -> dict[str, Vectors]:
    if kept is not None and kept.exists():
        return dict(np.load(kept))
    tables = embed_domains(encoder, recipe)
    if kept is not None:
        np.savez(kept, allow_pickle=False, **tables)
    return tables


if __name__ == "__main__":
    main()
