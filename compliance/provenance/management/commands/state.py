"""`manage.py state`: one digest over all that learned, to compare two installations by."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction

from compliance.canonical import json_digest
from compliance.provenance.plans import active_plan
from compliance.provenance.state import State, shards_in_training, state


class Command(BaseCommand):
    help = (
        "Print a digest of the state: placement, prompts, adapters, checkpoints and release by "
        "their content. After an erasure it is the digest of an installation with the same plan "
        "and commitment key that never had the records."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="what it consists of, as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            plan = active_plan()
            if plan is None:
                raise CommandError("There is no plan yet. `manage.py train` makes one.")
            found, in_training = state(plan), shards_in_training(plan)
        if options["json"]:
            self.stdout.write(json.dumps(_summary(found, in_training), indent=2))
            return
        self.stdout.write(found.digest)
        if in_training:
            shards = ", ".join(map(str, in_training))
            self.stderr.write(f"It is about to change: training is not done. Shards: {shards}.")


def _summary(found: State, in_training: list[int]) -> dict[str, Any]:
    return {
        "state": found.digest,
        "plan": found.plan,
        "placement": {
            "digest": json_digest(found.places),
            "subjects": len(found.places),
            "records": sum(map(len, found.places.values())),
        },
        "prompts": {
            "digest": json_digest(found.prompts),
            "prompts": sum(map(len, found.prompts.values())),
        },
        "shards": found.shards,
        "release": found.release,
        "in_training": in_training,
    }
