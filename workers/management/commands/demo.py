"""`manage.py demo`: the whole way once, from records to a verified certificate."""

import json
import os
from argparse import ArgumentParser
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections
from rich.console import Console
from rich.table import Table

from compliance import embedded
from compliance.evidence.keys import KeyFileError
from compliance.postgres import PostgresError
from compliance.records.importing.rows import SourceError
from workers.demo.api import Api, ApiError
from workers.demo.folder import FolderError, empty_folder
from workers.supervisor import Supervisor, SupervisorError, programs, require_free_port

SEED = "demo"
EXPECTED = (SupervisorError, PostgresError, SourceError, FolderError, ApiError, KeyFileError)


class Command(BaseCommand):
    help = (
        "Show the whole way once: load data, train, serve, erase one person, retrain, replay, "
        "certify, verify. Starts from nothing in its own folder (LETHE_VAR) and stops what it "
        "started. Writes report.json there."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--data", type=Path, help="MovieLens folder [a generated sample]")
        parser.add_argument("--port", type=int, default=8000, help="port of the web process")

    def handle(self, **options: Any) -> None:
        from workers.demo.erasing import DemoError
        from workers.demo.waiting import RequestStuckError

        try:
            self._run(options["data"], options["port"])
        except (*EXPECTED, DemoError, RequestStuckError) as error:
            raise CommandError(str(error)) from None
        except KeyboardInterrupt:
            raise CommandError("Stopped by Ctrl-C; nothing is left running.") from None

    def _run(self, data: Path | None, port: int) -> None:
        var, console = Path(settings.VAR_DIR), Console()
        if os.environ.get("DATABASE_URL") != embedded.environment(var)["DATABASE_URL"]:
            raise CommandError("The demo runs on embedded servers of its own: unset DATABASE_URL.")
        _check_data(data)
        url = f"http://127.0.0.1:{port}"
        with ExitStack() as stack:
            supervisor = stack.enter_context(
                Supervisor(var, programs(var / "run", port=port), embedded=True)
            )
            require_free_port("127.0.0.1", port)
            empty_folder(var)
            stack.enter_context(embedded.start(var))
            stack.callback(supervisor.stop)
            stack.callback(connections.close_all)
            with console.status("Starting Postgres, web, workers and scheduler"):
                call_command("create_keys", stdout=_Silent())
                call_command("migrate", verbosity=0)
                supervisor.start()
                supervisor.wait_until_ready(f"{url}/healthz")
            self._tell(console, supervisor, url, data)

    def _tell(self, console: Console, supervisor: Supervisor, url: str, data: Path | None) -> None:
        from workers.demo.erasing import erase
        from workers.demo.people import make_client, make_reviewer
        from workers.demo.story import Story

        reviewer = make_reviewer()
        story = Story(console, Api(url, make_client()), reviewer, supervisor)
        story.import_data(data or _sample())
        plan = story.train(SEED)
        story.evaluate(plan)
        erase(story, plan)
        report = story.report | {"seconds": story.seconds}
        path = Path(settings.VAR_DIR) / "report.json"
        path.write_text(json.dumps(report, indent=2) + "\n")
        _show(console, report, path)
        console.print(
            f"\nLook around: [bold]make up VAR={os.path.relpath(settings.VAR_DIR)} "
            f"PORT={urlsplit(url).port}[/], then {url}/admin/, "
            f"log-in [bold]demo[/], password [bold]{reviewer.password}[/]"
        )
        _check(report)


class _Silent:
    def write(self, _: str) -> None:
        """Drop what a command prints."""


def _check_data(data: Path | None) -> None:
    """Refuse a wrong path before anything is started."""
    from django.utils import timezone

    from compliance.records.importing.detect import folder_source

    if data is not None:
        folder_source(data, timezone.now())


def _sample() -> Path:
    """Write the generated sample and return its folder."""
    folder = Path(settings.VAR_DIR) / "sample"
    call_command("make_sample", str(folder), stdout=_Silent())
    return folder


def _show(console: Console, report: dict[str, Any], path: Path) -> None:
    table = Table("what", "measured", title="What was shown", caption=str(path))
    for name, value in report.items():
        parts = value.items() if isinstance(value, dict) else [("", value)]
        for part, figure in parts:
            text = f"{figure:.3f}" if isinstance(figure, float) else str(figure)
            table.add_row(f"{name} {part}".strip().replace("_", " "), text)
    console.print(table)


def _check(report: dict[str, Any]) -> None:
    """Fail unless what the demo claims was seen."""
    wanted = {
        "touched_shards": 1,
        "retrained_adapters": 1,
        "remaining_interactions_of_subject": 0,
        "replay": "identical",
        "certificate_verified": True,
        "other_adapters_unchanged": True,
    }
    wrong = [name for name, value in wanted.items() if report[name] != value]
    if wrong:
        raise CommandError("Not as claimed: " + ", ".join(f"{n} is {report[n]}" for n in wrong))
