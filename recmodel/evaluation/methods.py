"""The methods of the table: their names, titles, and the settings that each may choose from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from recmodel.attention import Attention
from recmodel.catalogue import Catalogue
from recmodel.evaluation.adapters import Adapters
from recmodel.evaluation.baseline import Baseline
from recmodel.evaluation.factors import Factors
from recmodel.evaluation.item_cf import ItemCF
from recmodel.evaluation.sasrec import SASRec
from recmodel.evaluation.semantic import SemanticNeighbours
from recmodel.evaluation.simple import BothRates, HistoryShare, ItemRate, UserRate
from recmodel.evaluation.workshop import Sharding

VIRTUAL = (1.0, 2.0, 5.0, 10.0, 20.0)
# APA's (arXiv 2404.10327): 20 neighbours, and so sharp that omega is nearly one-hot.
PAPER = Attention(neighbours=20, tau=1000.0)
OWN_STACK, BASE, ONE_ADAPTER, OURS = "own-stack", "base", "one-adapter", "ours"


@dataclass(frozen=True)
class Simple:
    """A method without a language model: `settings` are chosen from on validation records.

    seeded: whether chance takes part, so that every seed asks it anew.
    """

    name: str
    title: str
    settings: Callable[[Catalogue, int], Sequence[Baseline]]
    seeded: bool = False


@dataclass(frozen=True)
class Modelled:
    """A method with a language model."""

    name: str
    title: str
    adapters: Adapters


Method = Simple | Modelled

SIMPLE = (
    Simple("item-rate", "item rate", lambda c, s: [ItemRate(v) for v in VIRTUAL]),
    Simple("user-rate", "user rate", lambda c, s: [UserRate(v) for v in VIRTUAL]),
    Simple(
        "both-rates",
        "both rates, stacked",
        lambda c, s: [BothRates(share / 10, v) for v in (2.0, 5.0, 10.0) for share in range(2, 9)],
    ),
    Simple(
        "history-share",
        "history share",
        lambda c, s: [HistoryShare(last, v) for last in (5, 10, 20, 50, 100) for v in (1.0, 5.0)],
    ),
    Simple(
        "factors",
        "biased matrix factorisation",
        lambda c, s: [
            *(Factors(0, bias_ridge=bias, seed=s) for bias in (2.0, 4.0, 8.0)),
            *(Factors(d, ridge, seed=s) for d in (8, 32) for ridge in (6.0, 8.0, 12.0)),
        ],
        seeded=True,
    ),
    Simple(
        "item-cf",
        "item-based CF",
        lambda c, s: [
            ItemCF(shrink, most, doubt)
            for shrink in (10.0, 50.0)
            for most in (20, 1000)
            for doubt in (0.5, 2.0)
        ],
    ),
    Simple(
        "sasrec",
        "SASRec",
        lambda c, s: [SASRec(dropout=dropout, seed=s) for dropout in (0.3, 0.6)],
        seeded=True,
    ),
    Simple(
        "semantic-neighbours",
        "semantic neighbours",
        lambda c, s: [
            SemanticNeighbours(c, weight, last) for weight in (0.5, 1.0, 2.0) for last in (64, 256)
        ],
    ),
)


def methods(shards: Sequence[int]) -> tuple[Method, ...]:
    """Return all methods; others that shard have as many shards as the first of ours."""
    K = shards[0]
    papers = Sharding("balanced-kmeans", K)
    return (
        *SIMPLE,
        Modelled(OWN_STACK, "our stack without the model", Adapters(None, answer="silent")),
        Modelled(BASE, "untuned base", Adapters(None)),
        Modelled(ONE_ADAPTER, "one adapter on all data", Adapters(Sharding("hash", 1, 1))),
        Modelled("sisa", f"SISA, {K} shards", Adapters(Sharding("hash", K), answer="ensemble")),
        Modelled(
            "receraser",
            f"RecEraser's partition, our attention, {K} shards",
            Adapters(Sharding("receraser", K)),
        ),
        Modelled("apa-d", f"APA (D), {K} shards", Adapters(papers, PAPER, "d")),
        Modelled("apa-nd", f"APA (ND), {K} shards", Adapters(papers, PAPER)),
        *(ours(each) for each in shards),
    )


def ours(shards: int) -> Modelled:
    """Return what a default plan with so many shards serves."""
    return Modelled(f"{OURS}-{shards}", f"ours, {shards} shards", Adapters(Sharding(shards=shards)))
