"""What the demo does, step after step, telling it as it goes."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from rich.console import Console
from rich.table import Table

from compliance.provenance.models import Plan
from compliance.records.importing.load import import_folder
from compliance.records.models import Interaction, Item, Subject
from workers.demo.api import Api
from workers.demo.people import LogIn
from workers.evaluating import evaluate
from workers.management.commands.train import DEFAULTS, train
from workers.progress import bars
from workers.supervisor import Supervisor


@dataclass
class Story:
    """The demo in progress: who takes part, and what has been measured."""

    console: Console
    api: Api
    reviewer: LogIn
    supervisor: Supervisor
    report: dict[str, Any] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def tell(self, title: str, text: str = "") -> None:
        self.console.rule(f"[bold]{title}", align="left")
        if text:
            self.console.print(text)

    def import_data(self, folder: Path) -> None:
        """Read the data set into Postgres."""
        self.tell("1. Records", f"Reading {folder} into Postgres by COPY.")
        with bars(self.console) as progress:
            task = progress.add_task("Importing lines", total=None)
            report = import_folder(
                folder,
                rejects=Path(settings.VAR_DIR) / "rejects.csv",
                on_progress=lambda done, total: progress.update(task, completed=done, total=total),
            )
        self.seconds["import"] = report.seconds
        self.report |= {
            "subjects": Subject.objects.count(),
            "items": Item.objects.count(),
            "interactions": Interaction.objects.count(),
            "rejected_rows": report.rejected,
        }
        self.console.print(
            f"{self.report['subjects']:,} subjects, {self.report['items']:,} items, "
            f"{self.report['interactions']:,} interactions, {report.rejected} rows rejected."
        )

    def train(self, seed: str) -> Plan:
        """Train every shard, in this process and in the worker."""
        self.tell("2. Training", "One LoRA adapter a shard, in two processes side by side.")
        began = time.monotonic()
        plan = train(self.console, DEFAULTS | {"seed": seed})
        self.seconds["train"] = time.monotonic() - began
        return plan

    def evaluate(self, plan: Plan) -> None:
        """Rank what the validation subjects liked, beside the simplest baseline."""
        self.tell("3. Quality", "On the subjects that were put aside and taught nothing.")
        result = evaluate(plan)
        self.report["auc"] = {
            "item_and_user_rates": result.item_and_user_rates,
            "model": result.model,
            "recommended": result.recommended,
        }
        table = Table("score", "AUC", title=f"{result.subjects} people, {result.targets} targets")
        for name, value in self.report["auc"].items():
            table.add_row(name.replace("_", " "), f"{value:.3f}" if value else "not defined")
        self.console.print(table)

    def recommend(self, subject: str, title: str) -> dict[str, Any]:
        """Ask the API for recommendations and show them."""
        answer: dict[str, Any] = self.api.post(
            "/api/v1/recommendations", {"subject": subject, "limit": 5}
        )
        table = Table("item", "probability", title=title)
        for item in answer["items"]:
            table.add_row(item["title"], f"{item['probability']:.3f}")
        table.caption = f"release {answer['release'][:19]}…, shards {answer['shards']}"
        self.console.print(table)
        return answer
