"""`manage.py evaluate`: how well what we recommend does beside other methods, and what it costs."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from compliance.records.models import Interaction
from recmodel.base import BrokenBaseError, load_base
from recmodel.determinism import configure
from recmodel.encoder import Encoder, EncoderMismatch
from recmodel.evaluation.data import DataSet
from recmodel.evaluation.options import (
    EvaluationError,
    add_options,
    read_options,
    read_threshold,
    source_options,
)
from recmodel.evaluation.output import give, progress_bar
from recmodel.evaluation.run import OnProgress, evaluate
from recmodel.evaluation.sources import movielens
from workers.imported import imported


class Command(BaseCommand):
    help = (
        "Train and tune recommenders on all but the last fifth of each person's records, ask about "
        "the rest, and compare: like-rates, factorisation, sequence models, and language models "
        "with one adapter or sharded as several papers have it. The plan in force and what is "
        "served are left alone. Prints aggregate figures, no personal data."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--data",
            type=Path,
            metavar="FOLDER",
            help="evaluate a folder with ratings.csv and movies.csv instead of what was imported",
        )
        add_options(parser)

    def handle(self, **given: Any) -> None:
        command = f"manage.py evaluate {source_options('data', given)}".strip()
        configure(1)
        try:
            options, base = read_options(given), load_base()
            with progress_bar() as on_progress:
                data = _data(given, on_progress).called(given["name"])
                result = evaluate(data, base, options, on_progress)
            give(result, command=command, to_json=given["json"], out=given["out"])
        except (EvaluationError, BrokenBaseError, EncoderMismatch, OSError) as error:
            raise CommandError(str(error)) from None


def _data(given: dict[str, Any], on_progress: OnProgress) -> DataSet:
    liked_above = read_threshold(given["like_above"])
    if given["data"] is None and not Interaction.objects.exists():
        raise CommandError(
            "There are no interactions. Import some with import_movielens, or give --data FOLDER."
        )
    encoder = Encoder.load()

    def on_embedded(done: int, total: int) -> None:
        on_progress(done, total, "embedding items")

    chosen = {"liked_above": liked_above, "most_targets": given["most_targets"]}
    if given["data"] is None:
        return imported(encoder, on_embedded, **chosen)
    return movielens(given["data"], encoder, on_embedded, **chosen)
