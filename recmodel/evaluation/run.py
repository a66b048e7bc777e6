"""The evaluation from a data set to all figures."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from recmodel.base import ItemTokenModel
from recmodel.evaluation.ablations import ablation
from recmodel.evaluation.adapters import served
from recmodel.evaluation.bootstrap import Draws, Figure, Sampled
from recmodel.evaluation.data import DataSet, Floats, Split, split
from recmodel.evaluation.methods import (
    ONE_ADAPTER,
    OURS,
    OWN_STACK,
    Method,
    Modelled,
    Simple,
    methods,
)
from recmodel.evaluation.metrics import METRICS, Judged
from recmodel.evaluation.tuning import tuned
from recmodel.evaluation.workshop import Workshop

# Gets the steps done, the number of all steps, and what is at work.
OnProgress = Callable[[int, int, str], None]


class EvaluationError(ValueError):
    """What was asked for cannot be evaluated."""


@dataclass(frozen=True)
class Options:
    """What to evaluate: `methods` by name, None for all; `ablate` by name; `most_targets` a user.

    seeds: how many. Each has its own keys, adapters and initial weights; the split is by time, so it
    is the same for all.
    """

    seeds: int = 1
    shards: tuple[int, ...] = (8, 32)
    methods: tuple[str, ...] | None = None
    ablate: tuple[str, ...] = ()
    most_targets: int | None = None

    def chosen(self) -> list[Method]:
        """Return the methods; raises EvaluationError for a name that is none."""
        every = methods(self.shards)
        if self.methods is None:
            return list(every)
        known = {method.name: method for method in every}
        for name in self.methods:
            if name not in known:
                raise EvaluationError(
                    f"--methods names {name!r}: give some of {', '.join(known)}"
                )
        return [method for method in every if method.name in self.methods]


@dataclass
class Line:
    """A method's row of a table: its answers, one set a seed, and what they cost in CPU seconds.

    alone: the logits of the model itself, without a calibrator; setting: what was chosen, by seed.
    """

    name: str
    title: str
    simple: bool
    judged: list[Judged] = field(default_factory=list)
    alone: list[Judged] = field(default_factory=list)
    setting: list[str] = field(default_factory=list)
    training: list[float] = field(default_factory=list)
    erasure: list[float] = field(default_factory=list)
    inference: list[float] = field(default_factory=list)
    tuning: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Comparison:
    """How much better one method is than another, by metric."""

    title: str
    figures: Mapping[str, Figure]


@dataclass(frozen=True)
class Row:
    """What a table shows of a method."""

    name: str
    title: str
    figures: Mapping[str, Figure]
    alone_auc: float | None
    training: float
    erasure: float
    inference_per_1000: float
    setting: tuple[str, ...]
    tuning: float


@dataclass(frozen=True)
class Result:
    """All figures of an evaluation; nothing in it is about a single person."""

    data: Mapping[str, int | float | str]
    options: Options
    rows: Sequence[Row]
    comparisons: Sequence[Comparison]
    ablations: Mapping[str, Sequence[Row]]
    seconds: float


def evaluate(
    data: DataSet, base: ItemTokenModel, options: Options, on_progress: OnProgress
) -> Result:
    """Evaluate every chosen method on a data set.

    Raises EvaluationError when it holds too little to ask about, or a name is unknown.
    """
    began = time.process_time()
    outer = split(data.records, options.most_targets)
    _check(outer)
    work = Work(data, outer, base, options, on_progress)
    lines = work.table(options.chosen())
    ablations = {
        name: work.table(ablation(name, options.shards[0])) for name in options.ablate
    }
    draws = Draws.of(len(outer.questions), options.seeds)
    sampled = {line.name: Sampled.of(line.judged, draws) for line in lines}
    return Result(
        data=described(data, outer),
        options=options,
        rows=[_row(line, sampled[line.name], outer) for line in lines],
        comparisons=list(_comparisons(lines, sampled, options.shards)),
        ablations={
            name: [_row(line, Sampled.of(line.judged, draws), outer) for line in each]
            for name, each in ablations.items()
        },
        seconds=time.process_time() - began,
    )


def _check(outer: Split) -> None:
    if len(set(outer.liked.tolist())) < 2:
        raise EvaluationError(
            f"the {len(outer.liked)} held-out records are all alike: give a data set with likes and"
            " dislikes, or another threshold for likes"
        )


def described(data: DataSet, outer: Split) -> dict[str, int | float | str]:
    """Return the size of a data set and of what is asked, in words and numbers."""
    known = sum(len(mine) for mine in outer.known.values())
    return {
        "name": data.name,
        "liked": data.liked,
        "people": len(data.records),
        "items": len(data.catalogue),
        "records": known + len(outer.liked),
        "known_records": known,
        "asked_records": len(outer.liked),
        "asked_liked_share": float(outer.liked.mean()),
    }


class Work:
    """Asks the methods, seed after seed, and tells how far it is."""

    def __init__(
        self,
        data: DataSet,
        outer: Split,
        base: ItemTokenModel,
        options: Options,
        on_progress: OnProgress,
    ) -> None:
        self.data, self.outer, self.options = data, outer, options
        self.inner = split(outer.known, options.most_targets)
        self.on_progress = on_progress
        self.shops = [Workshop(data, outer, base, seed) for seed in range(1, options.seeds + 1)]
        self.done = 0
        self.total = self._steps(options.chosen()) + sum(
            self._steps(ablation(name, options.shards[0])) for name in options.ablate
        )

    def table(self, chosen: Sequence[Method]) -> list[Line]:
        """Ask methods and return their lines."""
        lines = [Line(one.name, one.title, isinstance(one, Simple)) for one in chosen]
        for shop in self.shops:
            for line, method in zip(lines, chosen, strict=True):
                if not _asked_once(method) or shop is self.shops[0]:
                    self._tell(line.title)
                    shop.on_step = self._teller(line.title)
                    self._ask(line, method, shop)
                    self.done += 1
        return lines

    def _steps(self, chosen: Iterable[Method]) -> int:
        return sum(1 if _asked_once(method) else len(self.shops) for method in chosen)

    def _tell(self, what: str) -> None:
        self.on_progress(self.done, self.total, what)

    def _teller(self, title: str) -> Callable[[str], None]:
        return lambda step: self._tell(f"{title}: {step}")

    def _ask(self, line: Line, method: Method, shop: Workshop) -> None:
        if isinstance(method, Simple):
            self._ask_simple(line, method, self.shops.index(shop) + 1)
        else:
            self._ask_modelled(line, method, shop)

    def _ask_simple(self, line: Line, method: Simple, seed: int) -> None:
        fitted = tuned(method.settings(self.data.catalogue, seed), self.outer, self.inner)
        began = time.process_time()
        score = fitted.method.answers(self.outer.questions)
        line.inference.append(time.process_time() - began)
        line.judged.append(self._judged(score, fitted.chosen.platt.probability(score)))
        rounds = f", {fitted.chosen.rounds} rounds" if fitted.chosen.rounds > 1 else ""
        line.setting.append(f"{fitted.chosen.setting}{rounds}")
        line.training.append(fitted.training)
        # One model of everything: without one person it is fitted anew to all the others.
        line.erasure.append(fitted.training)
        line.tuning.append(fitted.tuning)

    def _ask_modelled(self, line: Line, method: Modelled, shop: Workshop) -> None:
        found = served(method.adapters, shop)
        line.judged.append(self._judged(found.probability, found.probability))
        if found.alone is not None:
            line.alone.append(self._judged(found.alone, found.probability))
        line.training.append(found.training)
        line.erasure.append(found.erasure)
        line.inference.append(found.inference)

    def _judged(self, score: Floats, probability: Floats) -> Judged:
        return Judged(score, probability, self.outer.liked, self.outer.users)


def _asked_once(method: Method) -> bool:
    return isinstance(method, Simple) and not method.seeded


def _row(line: Line, sampled: Sampled, outer: Split) -> Row:
    alone = [one.figures()["auc"] for one in line.alone]
    return Row(
        name=line.name,
        title=line.title,
        figures={metric: sampled.figure(metric) for metric in METRICS},
        alone_auc=float(np.mean(alone)) if alone else None,
        training=float(np.mean(line.training)),
        erasure=float(np.mean(line.erasure)),
        inference_per_1000=float(np.mean(line.inference)) * 1000 / len(outer.liked),
        setting=tuple(line.setting),
        tuning=float(np.mean(line.tuning)) if line.tuning else 0.0,
    )


def _comparisons(
    lines: Sequence[Line], sampled: Mapping[str, Sampled], shards: Sequence[int]
) -> Iterable[Comparison]:
    """Compare ours with what it has to beat, as far as those were asked."""
    first = f"{OURS}-{shards[0]}"
    simple = [line for line in lines if line.simple]
    pairs = []
    if simple:
        best = max(simple, key=lambda line: sampled[line.name].values["auc"].mean())
        pairs.append((first, best.name, f"ours, {shards[0]} shards - {best.title} (the best of its kind)"))
    pairs.append((first, OWN_STACK, f"ours, {shards[0]} shards - our stack without the model"))
    pairs.append((first, ONE_ADAPTER, f"ours, {shards[0]} shards - one adapter on all data"))
    for more in shards[1:]:
        pairs.append((f"{OURS}-{more}", first, f"ours, {more} shards - {shards[0]} shards"))
    for one, other, title in pairs:
        if one in sampled and other in sampled:
            yield Comparison(
                title,
                {metric: sampled[one].minus(sampled[other], metric) for metric in METRICS},
            )
