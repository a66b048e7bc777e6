"""`manage.py recommend SUBJECT`: what the live release recommends to a subject."""

import json
from argparse import ArgumentTypeError
from dataclasses import asdict
from typing import Any, TextIO, cast

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.table import Table
from rich.text import Text

from compliance.recommendations.errors import ServingError
from compliance.recommendations.serializers import LIMIT, LIMIT_MAX
from compliance.recommendations.services import Recommendations, recommend
from compliance.records.models import Subject


class Command(BaseCommand):
    help = "Recommend items to a subject from the live release."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("subject", help="external id of the subject")
        parser.add_argument("--limit", type=_limit, default=LIMIT, help=f"1 to {LIMIT_MAX}")
        parser.add_argument("--json", action="store_true", help="what the API answers")

    def handle(self, *, subject: str, limit: int, json: bool, **options: Any) -> None:
        if not Subject.objects.filter(external_id=subject).exists():
            raise CommandError(f"There is no subject {subject!r}.")
        try:
            answer = recommend(subject=subject, limit=limit)
        except ServingError as error:
            raise CommandError(str(error)) from error
        if json:
            self.stdout.write(_json(answer))
        else:
            _show(answer, Console(file=cast(TextIO, self.stdout)))


def _limit(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= LIMIT_MAX:
        raise ArgumentTypeError(f"{text!r} is not a whole number from 1 to {LIMIT_MAX}")
    return int(text)


def _json(answer: Recommendations) -> str:
    return json.dumps(asdict(answer), indent=2, ensure_ascii=False)


def _show(answer: Recommendations, console: Console) -> None:
    table = Table("Item", "Title")
    table.add_column("Probability", justify="right")
    for item in answer.items:
        table.add_row(Text(item.item), Text(item.title), f"{item.probability:.3f}")
    console.print(table)
    console.print(f"Release {answer.release} (epoch {answer.epoch})", soft_wrap=True)
    shards = ", ".join(map(str, answer.shards))
    console.print(f"Shards: {shards or 'none, the frozen base alone'}")
    console.print(f"Weights: {answer.mixture}")
