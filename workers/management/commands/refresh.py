"""`manage.py refresh`: let new items, subjects and interactions enter training."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console

from compliance.provenance.plans import active_plan
from recmodel.encoder import EncoderMismatch
from workers.progress import bars
from workers.refreshing import OtherEncoderError, take_in


class Command(BaseCommand):
    help = (
        "Take in what has come since the last refresh: embed new items, place new records, and "
        "queue the training of the shards that they change, each from its first changed slice. "
        "The workers train. The scheduler does this every LETHE_REFRESH_HOURS by itself."
    )

    def handle(self, **options: Any) -> None:
        console, plan = Console(), active_plan()
        if plan is None:
            raise CommandError("There is no plan yet. `manage.py train` makes one.")
        with bars(console) as progress:
            items = progress.add_task("Embedding items", total=None)
            subjects = progress.add_task("Placing subjects", total=None)
            try:
                adapters = take_in(
                    plan,
                    lambda done, total: progress.update(items, completed=done, total=total),
                    lambda done, total: progress.update(subjects, completed=done, total=total),
                )
            except (OtherEncoderError, EncoderMismatch) as error:
                raise CommandError(str(error)) from None
        if not adapters:
            console.print("Every shard is in line with its records: nothing to train.")
        for adapter in adapters:
            console.print(f"Queued: {adapter}, from slice {adapter.first_slice} on.")
