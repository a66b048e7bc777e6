"""`manage.py doctor`: examine the installation."""

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand
from rich.console import Console
from rich.table import Table

from workers.doctor import Finding, examine


class Command(BaseCommand):
    help = "Examine Postgres, broker, keys, roles, model files and canary; exit 1 if one is ill."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the findings as JSON")

    def handle(self, **options: Any) -> None:
        findings = list(examine())
        if options["json"]:
            self.stdout.write(json.dumps([asdict(finding) for finding in findings], indent=2))
        else:
            _show(findings)
        sys.exit(0 if all(finding.healthy for finding in findings) else 1)


def _show(findings: list[Finding]) -> None:
    table = Table("", "What", "Finding", "Remedy", title="Examination")
    for finding in findings:
        mark = "[green]well[/]" if finding.healthy else "[red]ILL[/]"
        table.add_row(mark, finding.name, finding.detail, finding.remedy)
    Console().print(table)
