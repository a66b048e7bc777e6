"""The results as a page of Markdown: aggregate figures, and no date.

The same run gives the same page but for the seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from recmodel.evaluation.bootstrap import SAMPLES, Figure
from recmodel.evaluation.data import HELD_OUT
from recmodel.evaluation.options import command_line
from recmodel.evaluation.result import Comparison, Result, Row
from recmodel.evaluation.workshop import ASIDE

HEADS = (
    "method", "AUC", "of the model alone", "per person", "NDCG@10", "log loss", "training",
    "erasing one", "1,000 scores",
)  # fmt: skip
METRIC_TITLES = {
    "auc": "AUC", "user_auc": "AUC per person", "ndcg": "NDCG@10", "log_loss": "log loss",
}  # fmt: skip


def page(result: Result, command: str, plots: Sequence[str]) -> str:
    """Return the page.

    command: what was run, without its `Options`; plots: paths of pictures from the page.
    """
    command = f"{command} {command_line(result.options)}".strip()
    parts = [
        "# Results",
        f"Written by `{command}`. Do not edit it: run the command again.",
        *_about(result),
        "## Methods",
        table(result.rows),
        *_comparisons(result.comparisons),
        *(f"![{_alt(path)}]({path})" for path in plots if "ablation" not in path),
        *_ablations(result, plots),
        "## What was chosen",
        *_chosen(result.rows),
    ]
    return "\n\n".join(parts) + "\n"


def cells(row: Row) -> list[str]:
    """Return what a table shows of a method, a text for each of HEADS."""
    figures = row.figures
    return [
        row.title,
        with_interval(figures["auc"]),
        "" if row.alone_auc is None else number(row.alone_auc),
        number(figures["user_auc"].value),
        number(figures["ndcg"].value),
        number(figures["log_loss"].value),
        f"{row.training:,.1f} s",
        f"{row.erasure:,.1f} s",
        f"{row.inference_per_1000:.3f} s",
    ]


def table(rows: Sequence[Row]) -> str:
    """Return rows as a table of Markdown."""
    return _table(HEADS, [cells(row) for row in rows])


def comparison_cells(comparison: Comparison) -> list[str]:
    """Return what a table shows of a comparison: a title, and a text for each metric."""
    return [comparison.title, *(difference(comparison.figures[name]) for name in METRIC_TITLES)]


def number(value: float) -> str:
    """Return a figure to four places, without the zero before the point."""
    return f"{value:.4f}".replace("0.", ".", 1)


def with_interval(figure: Figure) -> str:
    """Return a figure and its interval."""
    return f"{number(figure.value)} ({number(figure.low)} to {number(figure.high)})"


def difference(figure: Figure) -> str:
    """Return a difference and its interval, with their signs."""
    value, low, high = (
        f"{each:+.4f}".replace("0.", ".", 1) for each in (figure.value, figure.low, figure.high)
    )
    return f"{value} ({low} to {high})"


def _about(result: Result) -> Iterable[str]:
    data = result.data
    yield (
        f"{data['name']}: {data['people']:,} people, {data['items']:,} items, {data['records']:,}"
        f" records; a like is {data['liked']}. The last {HELD_OUT * 100:g} % of each person's"
        f" records, {data['asked_records']:,}, are asked about, {data['asked_liked_share']:.3f} of"
        " them liked; all that is learned or chosen is from the"
        f" {data['known_records']:,} before them."
    )
    seeds = result.options.seeds
    yield (
        f"Intervals: 95 % by a bootstrap of {SAMPLES:,} samples over people"
        + (f" and {seeds} seeds" if seeds > 1 else "; one seed")
        + ". In differences both sides have the same people. AUC is over all records together; per"
        " person it is the mean over those who have both likes and dislikes; NDCG has likes as"
        " gain, over those who have one."
    )
    yield (
        "Methods without a language model were tuned on the last fifth of what they learn from, and"
        " fitted anew to everything; their scores became probabilities by Platt's curve, fitted"
        f" there too. Every method with one put {ASIDE * 100:g} % of the people aside, to weigh"
        " adapters and to fit a calibrator of the same kind; *of the model alone* is the AUC of its"
        " logits without that."
    )
    yield (
        "Seconds are of one CPU thread. Training is without tuning; erasing one person is the"
        " training of all that learned from it, its mean over people."
    )


def _comparisons(comparisons: Sequence[Comparison]) -> Iterable[str]:
    if comparisons:
        yield "## Differences"
        yield _table(
            ("difference", *METRIC_TITLES.values()), [comparison_cells(one) for one in comparisons]
        )


def _ablations(result: Result, plots: Sequence[str]) -> Iterable[str]:
    for name, rows in result.ablations.items():
        yield f"## Varied: {name.replace('-', ' ')}"
        yield table(rows)
        yield from (f"![{_alt(path)}]({path})" for path in plots if f"ablation-{name}." in path)


def _chosen(rows: Sequence[Row]) -> Iterable[str]:
    simple = [row for row in rows if row.setting]
    if not simple:
        yield "No method without a language model was asked."
        return
    yield "On validation records, for each seed where chance has a part."
    yield _table(
        ("method", "setting", "tuning"),
        [[row.title, "; ".join(row.setting), f"{row.tuning:,.1f} s"] for row in simple],
    )


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _alt(path: str) -> str:
    return path.rsplit("/", 1)[-1].removesuffix(".svg").replace("-", " ")
