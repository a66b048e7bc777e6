"""`manage.py partition_report`: sizes and coherence of the shards, beside other partitioners'."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.table import Table

from compliance.provenance.balance import Balance, balances
from compliance.provenance.balance_plot import svg
from compliance.provenance.plans import active_plan
from compliance.records.terminal import rendered


class Command(BaseCommand):
    help = (
        "Print how many subjects and records each shard has and how much alike its subjects are: "
        "for the plan in force and, over the same subjects, for each partitioner. Counts alone, "
        "no personal data. docs/partition.md says how coherence is measured."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="all of it, as JSON")
        parser.add_argument("--plot", type=Path, metavar="FILE.svg", help="draw the sizes")

    def handle(self, *args: Any, plot: Path | None, **options: Any) -> None:
        plan = active_plan()
        if plan is None:
            raise CommandError("There is no plan yet. `manage.py train` makes one.")
        if plot and plot.suffix.lower() != ".svg":
            raise CommandError(f"--plot is {plot.name!r}. Pictures are SVG: name a file .svg.")
        found = balances(plan)
        if plot:
            _draw(plot, found)
        if options["json"]:
            self.stdout.write(json.dumps([_as_json(each) for each in found], indent=2))
        else:
            self.stdout.write(rendered(_table(found)))


def _draw(path: Path, found: list[Balance]) -> None:
    rows = [(f"{_name(each)}\ncoherence {each.coherence:.3f}", each) for each in found]
    try:
        path.write_text(svg(rows), encoding="utf-8")
    except OSError as error:
        raise CommandError(f"The plot was not written: {error}") from None


def _as_json(balance: Balance) -> dict[str, Any]:
    return asdict(balance) | {
        "largest_subjects_over_mean": round(balance.largest_subjects, 4),
        "largest_records_over_mean": round(balance.largest_records, 4),
        "coherence": round(balance.coherence, 4),
    }


def _name(balance: Balance) -> str:
    return f"in force: {balance.method}" if balance.in_force else balance.method


def _table(found: list[Balance]) -> Table:
    first = found[0]
    table = Table(
        title=f"{sum(first.subjects):,} subjects with {sum(first.records):,} records in "
        f"{len(first.subjects)} shards",
        title_justify="left",
        caption="Largest: the largest shard over the mean. Coherence: cosine to the others' taste.",
    )
    table.add_column("partition")
    for column in ("largest, subjects", "largest, records", "coherence"):
        table.add_column(column, justify="right")
    for each in found:
        table.add_row(
            _name(each),
            f"{each.largest_subjects:.2f}",
            f"{each.largest_records:.2f}",
            f"{each.coherence:.3f}",
        )
    return table
