"""The monthly figures as bars: what came in, and what was answered in time and late. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from compliance.evidence.reports.monthly import Figures

HEIGHT, BAR, GAP, GROUP = 120, 10, 2, 34
LABELS_SHOWN = 12


@dataclass(frozen=True)
class Bar:
    x: int
    y: int
    height: int


@dataclass(frozen=True)
class Group:
    """One month's bars; `label` is empty where there is no room for it."""

    label: str
    x: int
    received: Bar
    in_time: Bar
    late: Bar


@dataclass(frozen=True)
class Chart:
    width: int
    height: int
    most: int
    groups: list[Group]


def chart_of(months: Sequence[Figures]) -> Chart:
    """Return where the bars of each month stand, drawn to the largest of all."""
    most = max((max(each.received, each.answered) for each in months), default=0)
    every = -(-len(months) // LABELS_SHOWN) or 1
    groups = [
        _group(figures, place * GROUP, most, labelled=place % every == 0)
        for place, figures in enumerate(months)
    ]
    return Chart(width=max(GROUP * len(months), GROUP), height=HEIGHT, most=most, groups=groups)


def _group(figures: Figures, x: int, most: int, *, labelled: bool) -> Group:
    in_time = _bar(x + BAR + GAP, HEIGHT, figures.in_time, most)
    return Group(
        label=str(figures.month)[2:] if labelled else "",
        x=x,
        received=_bar(x, HEIGHT, figures.received, most),
        in_time=in_time,
        late=_bar(x + BAR + GAP, in_time.y, figures.late, most),
    )


def _bar(x: int, bottom: int, count: int, most: int) -> Bar:
    height = round(HEIGHT * count / most) if most else 0
    return Bar(x=x, y=bottom - height, height=height)
