"""The first stage: a base learns to follow instructions, by LoRA that is merged into its weights.

The loss is the cross-entropy of the answers' tokens, the end of text among them; what is asked is
read and not learned (as in Alpaca-LoRA and TALLRec, arXiv 2305.00447). Float32 on the CPU is
deterministic: rows come in an order by keyed hash, and loss is summed in that order.
"""

from __future__ import annotations

import hashlib
import hmac
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from recmodel.adapter import PREFIX, AdapterState
from recmodel.digest import tensor_digest
from recmodel.gate import Gating
from recmodel.lora import adapter_parameters, attach, initial_adapter
from recmodel.tallrec.frame import Frame
from recmodel.tallrec.rows import Row, RowsError
from recmodel.text import TextModel
from recmodel.training import OnStep, pace
from recmodel.training_config import TrainingConfig

# Alpaca-LoRA's, which TALLRec takes over.
PAPER = TrainingConfig(
    rank=8,
    alpha=16,
    target_modules=("q_proj", "v_proj"),
    learning_rate=1e-4,
    weight_decay=0.0,
    epochs=3,
    batch_prompts=128,
    scope="full",
)
_IGNORED = -100


@dataclass(frozen=True)
class Example:
    """A row's tokens, and how many of them ask."""

    ids: tuple[int, ...]
    asked: int


def examples_of(
    rows: Sequence[Row], frame: Frame, tokenizer: Any, cutoff: int
) -> tuple[list[Example], int]:
    """Return the rows as tokens, answers cut at the cutoff, and how many rows had no room for any.

    Raises RowsError when none is left.
    """
    found = [_example(row, frame, tokenizer, cutoff) for row in rows]
    kept = [example for example in found if example is not None]
    if not kept:
        raise RowsError(f"no row has room for an answer within {cutoff} tokens: raise the cutoff")
    return kept, len(found) - len(kept)


def instruct(
    model: TextModel,
    examples: Sequence[Example],
    config: TrainingConfig,
    *,
    on_step: OnStep | None = None,
) -> tuple[AdapterState, list[float]]:
    """Train LoRA weights on examples; return them and the mean loss of each epoch.

    The model is left as it is. `on_step` gets examples done and examples in all epochs.
    """
    key = bytes.fromhex(config.seed)
    state = initial_adapter(
        model,
        rank=config.rank,
        alpha=config.alpha,
        target_modules=config.target_modules,
        seed=key,
    )
    adapted = attach(model, state)
    assert isinstance(adapted, TextModel)
    parameters = adapter_parameters(adapted)
    optimizer = torch.optim.AdamW(
        [parameters[name] for name in sorted(parameters)],
        lr=config.learning_rate,
        weight_decay=config.weight_decay,
        fused=True,
    )
    gating = whole(state, model.device)
    steps = config.epochs * math.ceil(len(examples) / config.batch_prompts)
    losses, step = [], 0
    for epoch in range(config.epochs):
        summed = tokens = 0.0
        ordered = _order(examples, hmac.digest(key, f"epoch {epoch}".encode(), "sha256"))
        for start in range(0, len(ordered), config.batch_prompts):
            for group in optimizer.param_groups:
                group["lr"] = config.learning_rate * pace(step, steps, config.warmup_share)
            optimizer.zero_grad()
            batch = ordered[start : start + config.batch_prompts]
            learned = sum(len(example.ids) - example.asked for example in batch)
            size = config.pass_prompts or len(batch)
            for first in range(0, len(batch), size):
                with adapted.gate.at(gating):
                    loss = answer_loss(adapted, batch[first : first + size])
                torch.autograd.backward(loss / learned)
                summed += loss.item()
            optimizer.step()
            step, tokens = step + 1, tokens + learned
            if on_step is not None:
                on_step(epoch * len(examples) + start + len(batch), config.epochs * len(examples))
        losses.append(summed / tokens)
    trained = {name: p.detach().to("cpu", copy=True) for name, p in parameters.items()}
    return replace(state, tensors=trained), losses


def whole(state: AdapterState, device: torch.device | None = None) -> Gating:
    """Return the gating that applies an adapter to every token."""
    return Gating(torch.ones(1, state.rank, device=device), "full")


def answer_loss(model: TextModel, batch: Sequence[Example]) -> Tensor:
    """Return the summed cross-entropy of the answers' tokens."""
    width = max(len(example.ids) for example in batch)
    ids = torch.zeros(len(batch), width, dtype=torch.long)
    wanted = torch.full((len(batch), width), _IGNORED)
    for row, example in enumerate(batch):
        tokens = torch.tensor(example.ids)
        ids[row, : len(tokens)] = tokens
        # A token is foretold by the state before it.
        wanted[row, example.asked - 1 : len(tokens) - 1] = tokens[example.asked :]
    # Padding stands on the right, where causal attention keeps it from every real token.
    hidden = model.lm.base_model(input_ids=ids.to(model.device), use_cache=False)
    wanted = wanted.to(model.device)
    learned = wanted != _IGNORED
    logits = model.head(hidden.last_hidden_state[learned]).float()
    return cross_entropy(logits, wanted[learned], reduction="sum")


@torch.no_grad()
def merge(model: TextModel, state: AdapterState) -> None:
    """Add an adapter to the base's weights, in float32, and keep their dtype."""
    layers = dict(model.lm.named_modules())
    for name in state:
        if ".lora_A." in name:
            B = state[name.replace(".lora_A.", ".lora_B.")]
            layer = layers[name.removeprefix(PREFIX).removesuffix(".lora_A.weight")]
            update = (state.alpha / state.rank * B @ state[name]).to(model.device)
            weight = layer.weight
            assert isinstance(weight, Tensor)
            weight.copy_((weight.float() + update).to(weight.dtype))


def save_base(
    folder: Path, model: TextModel, tokenizer: Any, config: TrainingConfig, facts: dict[str, Any]
) -> str:
    """Write the base as a folder that loads like any other, with a card; return its digest.

    The digest is over the weights alone. Raises FileExistsError when the folder is there.
    """
    folder.mkdir(parents=True)
    model.lm.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    digest = tensor_digest(model.lm.state_dict())
    said = facts | {name: value for name, value in asdict(config).items() if name in _SAID}
    lines = "\n".join(f"- {name}: {value}" for name, value in said.items())
    card = CARD.format(source=model.source, digest=digest, lines=lines)
    (folder / "README.md").write_text(card, "utf-8")
    return digest


CARD = """\
# A base that follows instructions

Made from `{source}` by `python -m recmodel.tallrec instruct`: LoRA weights were trained on
instructions and their answers, and merged.

- Weights: {digest}
{lines}

No customer's records were used. The licences of the first base and of the instructions hold on.
"""
_SAID = (
    "rank", "alpha", "target_modules", "learning_rate", "weight_decay", "warmup_share", "epochs",
    "batch_prompts", "seed",
)  # fmt: skip


def _example(row: Row, frame: Frame, tokenizer: Any, cutoff: int) -> Example | None:
    question = frame.asked(row)
    end = [] if tokenizer.eos_token_id is None else [tokenizer.eos_token_id]
    alone = _bare(tokenizer(question)["input_ids"], end)
    whole = _bare(tokenizer(question + frame.template.answer(row.output.strip()))["input_ids"], end)
    # What the answer adds, or changes where it runs into the closing words.
    both = enumerate(zip(alone, whole, strict=False))
    asked = next((place for place, (one, other) in both if one != other), len(alone))
    ids = (*whole, *end)[:cutoff]
    return Example(ids, asked) if len(ids) > asked else None


def _bare(ids: list[int], end: list[int]) -> list[int]:
    """Return a text's tokens without the end that some tokenizers put after every text."""
    return ids[:-1] if end and ids[-1:] == end else ids


def _order(examples: Sequence[Example], key: bytes) -> list[Example]:
    def place(example: Example) -> bytes:
        content = ",".join(map(str, (example.asked, *example.ids)))
        return hmac.digest(key, hashlib.sha256(content.encode()).digest(), "sha256")

    return sorted(examples, key=place)
