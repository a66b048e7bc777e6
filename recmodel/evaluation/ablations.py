"""What each choice of ours costs: one choice varied, the others as the default plan has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from recmodel.attention import STRATEGIES, Attention
from recmodel.evaluation.adapters import Adapters
from recmodel.evaluation.methods import PAPER, Modelled
from recmodel.evaluation.partitions import PARTITIONS
from recmodel.evaluation.workshop import Sharding

ABLATIONS = ("shards", "slices", "partitioner", "attention", "scope", "shard-size")


def ablation(name: str, shards: int) -> list[Modelled]:
    """Return the variants of one choice around the default with `shards` shards."""
    default = Sharding(shards=shards)
    variants: Mapping[str, Adapters]
    match name:
        case "shards":
            variants = {f"{K} shards": Adapters(replace(default, shards=K)) for K in SHARDS}
        case "slices":
            variants = {f"{R} slices": Adapters(replace(default, slices=R)) for R in SLICES}
        case "partitioner":
            variants = {each: Adapters(replace(default, partition=each)) for each in PARTITIONS}
        case "attention":
            variants = _attentions(default)
        case "scope":
            variants = {
                "suffix scope": Adapters(default),
                "full scope": Adapters(replace(default, scope="full")),
            }
        case "shard-size":
            variants = {
                f"{share:.0%} of the people": Adapters(replace(default, share=share))
                for share in SHARES
            }
        case _:
            raise ValueError(f"{name!r} is no ablation: give some of {', '.join(ABLATIONS)}")
    return [Modelled(title, title, adapters) for title, adapters in variants.items()]


SHARDS = (2, 4, 8, 16, 32)
SLICES = (1, 2, 4, 8)
SHARES = (0.125, 0.25, 0.5, 1.0)


def _attentions(default: Sharding) -> dict[str, Adapters]:
    tau = Attention().tau
    found: dict[str, Adapters] = {}
    found |= {each: Adapters(default, Attention(each)) for each in STRATEGIES}
    found["attention, decomposed form"] = Adapters(default, form="d")
    found[f"attention, tau {PAPER.tau:g} instead of {tau:g}"] = Adapters(default, PAPER)
    found["each adapter alone, mean"] = Adapters(default, answer="ensemble")
    return found
