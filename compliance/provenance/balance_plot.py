"""The sizes of shards as a picture: SVG, written by hand so that it needs no library. Pure."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Protocol

WIDTH, HEIGHT, LEFT, TOP = 720, 130, 170, 40
SUBJECTS, RECORDS = "#3b6ea5", "#e0a458"


class Sizes(Protocol):
    """What is drawn of a partition."""

    @property
    def subjects(self) -> Sequence[int]: ...
    @property
    def records(self) -> Sequence[int]: ...


def svg(rows: Sequence[tuple[str, Sizes]]) -> str:
    """Return a picture with one row of bars a partition: each shard over the mean."""
    drawn = [counts for _, each in rows for counts in (each.subjects, each.records)]
    highest = max(bar for counts in [[1], *drawn] for bar in _heights(counts))
    height = TOP + HEIGHT * len(rows)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        *_legend(),
    ]
    for number, (title, sizes) in enumerate(rows):
        parts += _row(title, sizes, TOP + HEIGHT * number, highest)
    return "\n".join([*parts, "</svg>", ""])


def _legend() -> Iterable[str]:
    for x, colour, text in ((LEFT, SUBJECTS, "subjects"), (LEFT + 110, RECORDS, "records")):
        yield f'<rect x="{x}" y="12" width="12" height="12" fill="{colour}"/>'
        yield f'<text x="{x + 18}" y="23">{text}</text>'
    yield f'<text x="{LEFT + 220}" y="23">of each shard; the line is the mean</text>'


def _row(title: str, sizes: Sizes, top: int, highest: float) -> Iterable[str]:
    floor, full = top + HEIGHT - 20, HEIGHT - 35
    for line, text in enumerate(title.split("\n")):
        yield f'<text x="10" y="{top + 40 + 18 * line}">{escape(text)}</text>'
    step = (WIDTH - LEFT - 20) / max(1, len(sizes.subjects))
    pairs = zip(_heights(sizes.subjects), _heights(sizes.records), strict=True)
    for shard, pair in enumerate(pairs):
        for place, (bar, colour) in enumerate(zip(pair, (SUBJECTS, RECORDS), strict=True)):
            x, drawn = LEFT + step * (shard + 0.1 + 0.4 * place), full * bar / highest
            yield (
                f'<rect x="{x:.1f}" y="{floor - drawn:.1f}" width="{0.4 * step:.1f}" '
                f'height="{drawn:.1f}" fill="{colour}"/>'
            )
    mean = floor - full / highest
    yield (
        f'<line x1="{LEFT}" y1="{mean:.1f}" x2="{WIDTH - 20}" y2="{mean:.1f}" stroke="black" '
        'stroke-dasharray="4 3"/>'
    )


def _heights(counts: Sequence[int]) -> list[float]:
    return [count * len(counts) / max(1, sum(counts)) for count in counts]
