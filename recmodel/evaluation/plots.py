"""The results as pictures: SVG that is the same for the same figures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure as Picture

from recmodel.evaluation.result import Result, Row

SIMPLE, MODELLED = "#8a8a8a", "#3b6ea5"


def write_plots(result: Result, folder: Path) -> list[Path]:
    """Write all pictures into a folder and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    found = [_save(_dots(result.rows), folder / "auc.svg")]
    sharded = [row for row in result.rows if row.erasure > 0 and not row.setting]
    if sharded:
        found.append(_save(_against_erasure(sharded), folder / "auc-and-erasure.svg"))
    found += [
        _save(_dots(rows), folder / f"ablation-{name}.svg")
        for name, rows in result.ablations.items()
    ]
    return found


def _dots(rows: Sequence[Row]) -> Picture:
    """Draw each method's AUC with its interval."""
    picture = Picture(figsize=(8, 0.8 + 0.32 * len(rows)), layout="constrained")
    axes = picture.subplots()
    for place, row in enumerate(rows):
        figure = row.figures["auc"]
        colour = SIMPLE if row.setting else MODELLED
        axes.plot([figure.low, figure.high], [place, place], color=colour, linewidth=1.5)
        axes.plot([figure.value], [place], "o", color=colour, markersize=5)
    axes.set_yticks(range(len(rows)), [row.title for row in rows])
    axes.invert_yaxis()
    axes.set_xlabel("AUC, 95 % interval over people")
    axes.grid(axis="x", alpha=0.3)
    return picture


def _against_erasure(rows: Sequence[Row]) -> Picture:
    """Draw AUC over the seconds that erasing one person takes."""
    picture = Picture(figsize=(8, 4.5), layout="constrained")
    axes = picture.subplots()
    for row in rows:
        auc = row.figures["auc"].value
        axes.plot([row.erasure], [auc], "o", color=MODELLED, markersize=5)
        axes.annotate(row.title, (row.erasure, auc), (5, 3), textcoords="offset points", size=8)
    axes.set_xscale("log")
    axes.margins(x=0.2)
    axes.set_xlabel("CPU seconds to erase one person")
    axes.set_ylabel("AUC")
    axes.grid(alpha=0.3)
    return picture


def _save(picture: Picture, path: Path) -> Path:
    # Without a salt and with a date, no two files would be alike.
    with mpl.rc_context({"svg.hashsalt": "lethe"}):
        picture.savefig(path, format="svg", metadata={"Date": None})
    return path
