"""What an evaluation found: methods' answers as lines, and the figures that tables show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from recmodel.evaluation.bootstrap import Figure, Sampled
from recmodel.evaluation.data import DataSet
from recmodel.evaluation.methods import ONE_ADAPTER, OURS, OWN_STACK
from recmodel.evaluation.metrics import METRICS, Judged
from recmodel.evaluation.options import Options


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


def described(data: DataSet) -> dict[str, int | float | str]:
    """Return the size of a data set and of what is asked, in words and numbers."""
    known, questions = data.split.known, data.split.questions
    known_records = sum(len(mine) for mine in known.values())
    return {
        "name": data.name,
        "liked": data.liked,
        "people": len({*known, *(question.subject for question in questions)}),
        "items": len(data.catalogue),
        "records": known_records + len(data.split.liked),
        "known_records": known_records,
        "asked_records": len(data.split.liked),
        "asked_liked_share": float(data.split.liked.mean()),
    }


def row(line: Line, sampled: Sampled, targets: int) -> Row:
    """Return what tables show of a line that answered about so many targets."""
    alone = [one.figures()["auc"] for one in line.alone]
    return Row(
        name=line.name,
        title=line.title,
        figures={metric: sampled.figure(metric) for metric in METRICS},
        alone_auc=float(np.mean(alone)) if alone else None,
        training=float(np.mean(line.training)),
        erasure=float(np.mean(line.erasure)),
        inference_per_1000=float(np.mean(line.inference)) * 1000 / targets,
        setting=tuple(line.setting),
        tuning=float(np.mean(line.tuning)) if line.tuning else 0.0,
    )


def comparisons(
    lines: Sequence[Line], sampled: Mapping[str, Sampled], shards: Sequence[int]
) -> Iterator[Comparison]:
    """Compare ours with what it has to beat, as far as those were asked."""
    first = f"{OURS}-{shards[0]}"
    simple = [line for line in lines if line.simple]
    mine = f"ours, {shards[0]} shards"
    pairs = [
        (first, OWN_STACK, f"{mine} - our stack without the model"),
        (first, ONE_ADAPTER, f"{mine} - one adapter on all data"),
        *((f"{OURS}-{K}", first, f"ours, {K} shards - {shards[0]} shards") for K in shards[1:]),
    ]
    if simple:
        # The best on what is asked: harder to beat than the best on validation records.
        best = max(simple, key=lambda line: sampled[line.name].values["auc"].mean())
        pairs.insert(0, (first, best.name, f"{mine} - {best.title}, best without language model"))
    for one, other, title in pairs:
        if one in sampled and other in sampled:
            yield Comparison(
                title,
                {metric: sampled[one].minus(sampled[other], metric) for metric in METRICS},
            )
