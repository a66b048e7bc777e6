"""What commands show in a terminal: progress while it is one, tables as text anywhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO

from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

WIDTH = 110


class RateColumn(ProgressColumn):
    """How many units a second are done."""

    def __init__(self, unit: str) -> None:
        super().__init__()
        self.unit = unit

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f} {self.unit}/s" if speed else "")


@contextmanager
def progress(description: str, unit: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar on standard error, if it is a terminal; yield what to call with done and total."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        RateColumn(unit),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(description, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def rendered(*parts: RenderableType) -> str:
    """Return tables and texts as plain text."""
    out = StringIO()
    console = Console(file=out, width=WIDTH, highlight=False)
    for part in parts:
        console.print(part)
    return out.getvalue().rstrip("\n")
