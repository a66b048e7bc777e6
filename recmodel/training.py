"""Training an adapter, slice after slice.

What comes out of a slice depends on the base, the configuration, the shard, the slice, the state
it starts from and the SET of its prompts, and on nothing else: no global generator, no order of
arrival, no number of steps elsewhere, no early stopping.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from recmodel.adapter import AdapterState
from recmodel.catalogue import Catalogue
from recmodel.front_end import FrontEnd
from recmodel.gate import Gating
from recmodel.lora import adapter_parameters, attach, initial_adapter
from recmodel.prefixes import PrefixCache
from recmodel.prompts import Prompt, order
from recmodel.recomputing import recompute
from recmodel.scoring import Batch, collate, score
from recmodel.training_config import TrainingConfig

__all__ = ["TrainingConfig", "initial_state", "train_slice"]

OnStep = Callable[[int, int], None]


def initial_state(model: FrontEnd, config: TrainingConfig, shard: int) -> AdapterState:
    """Return the state that the shard's first slice starts from; it leaves the base as it is."""
    state = initial_adapter(
        model,
        rank=config.rank,
        alpha=config.alpha,
        target_modules=config.target_modules,
        seed=_key(config, "initial", shard),
    )
    return replace(state, invocation=model.invocation) if config.scope == "suffix" else state


def train_slice(
    model: FrontEnd,
    config: TrainingConfig,
    shard: int,
    slice_: int,
    prompts: Sequence[Prompt],
    state: AdapterState,
    catalogue: Catalogue,
    *,
    on_step: OnStep | None = None,
) -> AdapterState:
    """Train one slice's prompts from `state` on and return the new state.

    An empty slice returns `state` itself. `on_step` gets (prompts done, prompts in all epochs)
    after every step and may raise to abort; nothing has been changed then. In suffix scope each
    prefix is read once for all epochs; how many are kept changes no bit.
    """
    if not prompts:
        return state
    prefixes = PrefixCache(model, catalogue)
    adapted = attach(model, state)
    if config.recompute:
        recompute(adapted, config.scope)
    parameters = adapter_parameters(adapted)
    # Decay is the optimizer's; a fresh one each slice keeps nothing of the slices before.
    optimizer = torch.optim.AdamW(
        [parameters[name] for name in sorted(parameters)],
        lr=config.learning_rate,
        weight_decay=config.weight_decay,
        fused=True,
    )
    device = model.device
    content = [(prompt.content_id(_key(config, "content")), prompt) for prompt in prompts]
    gating = Gating(torch.ones(1, config.rank, device=device), config.scope)
    steps = config.epochs * math.ceil(len(prompts) / config.batch_prompts)
    step = done = 0
    for epoch in range(config.epochs):
        ordered = order(content, _key(config, "order", shard, slice_, epoch))
        for start in range(0, len(ordered), config.batch_prompts):
            chosen = ordered[start : start + config.batch_prompts]
            for group in optimizer.param_groups:
                group["lr"] = config.learning_rate * pace(step, steps, config.warmup_share)
            optimizer.zero_grad()
            targets = sum(len(prompt.suffixes) for prompt in chosen)
            for part in passes(chosen, config.pass_prompts):
                batch = collate(part, catalogue).to(device)
                # In full scope the adapter changes what is kept of a prefix, at every step.
                kept = config.scope == "suffix" and adapted.packs
                past = prefixes.past(part) if kept else None
                loss = mean_loss(score(adapted, batch, gating, past), batch, targets)
                torch.autograd.backward(loss)
            optimizer.step()
            step, done = step + 1, done + len(chosen)
            if on_step is not None:
                on_step(done, config.epochs * len(prompts))
    tensors = {
        name: parameter.detach().to("cpu", copy=True) for name, parameter in parameters.items()
    }
    return replace(state, tensors=tensors)


def mean_loss(logits: Tensor, batch: Batch, targets: int | None = None) -> Tensor:
    """Return the cross-entropy of logits [B, S] over the batch's real targets.

    Their sum over `targets`, the number in all of a step's passes; None for this batch's own.
    """
    each = binary_cross_entropy_with_logits(logits, batch.liked, reduction="none")
    real = batch.real
    return (each * real).sum() / (real.sum() if targets is None else targets)


def passes(prompts: Sequence[Prompt], size: int) -> Iterator[Sequence[Prompt]]:
    """Yield a step's prompts in their order, `size` at a time; 0 for all at once.

    Gradients are summed pass by pass, so the sum's last bits go by this size: the plan holds it.
    """
    size = size or len(prompts)
    for start in range(0, len(prompts), size):
        yield prompts[start : start + size]


def pace(step: int, steps: int, warmup_share: float) -> float:
    """Return the factor on the learning rate: linear warm-up, then half a cosine to zero."""
    warmup = max(1, round(warmup_share * steps))
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))


def _key(config: TrainingConfig, *parts: str | int) -> bytes:
    text = "/".join([config.seed, *map(str, parts)])
    return hashlib.sha256(text.encode()).digest()
