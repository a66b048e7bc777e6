"""Where the figures go: the terminal, JSON, a page with its plots."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from recmodel.evaluation.page import (
    HEADS,
    METRIC_TITLES,
    cells,
    comparison_cells,
    page,
)
from recmodel.evaluation.plots import write_plots
from recmodel.evaluation.result import Result
from recmodel.evaluation.run import OnProgress


@contextmanager
def progress_bar() -> Iterator[OnProgress]:
    """Show on standard error how far an evaluation is."""
    columns = (
        SpinnerColumn(), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=None)

        def show(done: int, total: int, what: str) -> None:
            progress.update(task, completed=done, total=total, description=what)

        yield show


def give(result: Result, *, command: str, to_json: str | None, out: Path | None) -> None:
    """Print tables, or JSON where that goes to standard output, and write the files asked for.

    command: see `page`. Raises OSError for a file that cannot be written.
    """
    text = json.dumps(as_dict(result), indent=2, sort_keys=True, allow_nan=False)
    if to_json == "-":
        print(text)
    else:
        show(result)
    if to_json not in (None, "-"):
        Path(to_json).write_text(text + "\n", encoding="utf-8")
    if out is not None:
        plots = write_plots(result, out.with_suffix(""))
        names = [path.relative_to(out.parent).as_posix() for path in plots]
        written = page(result, command, names)
        out.write_text(written, encoding="utf-8")


def as_dict(result: Result) -> dict[str, Any]:
    """Return a result as JSON can hold it: None for a figure that there is none of."""
    found: dict[str, Any] = _plain(asdict(result))
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def show(result: Result) -> None:
    """Print the tables."""
    console = Console(width=None if Console().is_terminal else 180)
    data = result.data
    console.print(
        f"{data['name']}: {data['people']:,} people, {data['records']:,} records,"
        f" {data['asked_records']:,} asked about, {data['asked_liked_share']:.3f} of them liked"
    )
    tables = {"": result.rows, **{f"Varied: {name}": r for name, r in result.ablations.items()}}
    for title, rows in tables.items():
        table = Table(*HEADS, title=title or None, title_justify="left")
        for row in rows:
            table.add_row(*cells(row))
        console.print(table)
    if result.comparisons:
        table = Table("difference", *METRIC_TITLES.values())
        for comparison in result.comparisons:
            table.add_row(*comparison_cells(comparison))
        console.print(table)
