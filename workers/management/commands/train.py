"""`manage.py train`: embed the catalogue, place the records, train what is not in line."""

from argparse import ArgumentParser
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.table import Table

from compliance.provenance.models import Plan
from compliance.provenance.plans import active_plan, plan_activate
from compliance.provenance.releases import live_release
from compliance.records.models import Interaction
from workers.progress import bars, follow_training

DEFAULTS: dict[str, Any] = {
    "shards": 8,
    "slices": 4,
    "validation_share": 0.1,
    "like_above": "3.5",
    "seed": None,
    "encoder": None,
    "new_plan": False,
}


class Command(BaseCommand):
    help = (
        "Train the adapters. The first call makes a plan and trains every shard; later calls train "
        "the shards whose records have changed since. This process works on the queue beside the "
        "workers that run, so it needs none of them."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        group = parser.add_argument_group("for a new plan")
        group.add_argument("--shards", type=int, help="adapters to train [%(default)s]")
        group.add_argument("--slices", type=int, help="checkpoints a shard [%(default)s]")
        group.add_argument(
            "--validation-share", type=float, help="share of subjects put aside [%(default)s]"
        )
        group.add_argument("--like-above", help="a higher rating is a like [%(default)s]")
        group.add_argument("--seed", help="derive the plan's keys from this text [random]")
        group.add_argument(
            "--encoder", help="sentence-transformers model by path or hub id [the one shipped]"
        )
        group.add_argument(
            "--new-plan",
            action="store_true",
            help="replace the plan in force; its adapters go out of service at once",
        )
        parser.set_defaults(**DEFAULTS)

    def handle(self, **options: Any) -> None:
        console = Console()
        if not Interaction.objects.exists():
            raise CommandError("There are no interactions. Import some with import_movielens.")
        plan = prepare_plan(console, options)
        train_plan(console, plan)
        _report(console, plan)


def prepare_plan(console: Console, options: dict[str, Any]) -> Plan:
    """Return the plan in force with its catalogue embedded, or a new one."""
    from recmodel.encoder import Encoder
    from workers.building import plan_config
    from workers.embedding import embed_items

    _check(options)
    encoder = Encoder.load(options["encoder"])
    with bars(console) as progress:
        task = progress.add_task("Embedding items", total=None)
        embed_items(encoder, lambda done, total: progress.update(task, completed=done, total=total))
    plan = active_plan()
    if plan and not options["new_plan"]:
        if plan.config["encoder"]["digest"] != encoder.digest:
            raise CommandError(
                f"The plan in force uses the encoder {plan.config['encoder']['name']}. Name it "
                "with --encoder, or add --new-plan."
            )
        return plan
    return plan_activate(
        config=plan_config(
            encoder=encoder,
            shards=options["shards"],
            slices=options["slices"],
            validation_share=options["validation_share"],
            like_threshold=options["like_above"],
            seed=options["seed"],
        )
    )


def train_plan(console: Console, plan: Plan) -> None:
    """Place new records and train every shard that is not in line with its records."""
    from workers.building import refresh

    with bars(console) as progress:
        task = progress.add_task("Placing subjects", total=None)
        adapters = refresh(
            plan, lambda done, total: progress.update(task, completed=done, total=total)
        )
    failed = follow_training(console, adapters)
    if failed:
        raise CommandError("; ".join(failed))


def _check(options: dict[str, Any]) -> None:
    for name in ("shards", "slices"):
        if not 1 <= options[name] <= 1000:
            raise CommandError(f"--{name} is {options[name]}. Give 1 to 1000.")
    if not 0 <= options["validation_share"] <= 0.5:
        raise CommandError(f"--validation-share is {options['validation_share']}. Give 0 to 0.5.")
    try:
        threshold = Decimal(options["like_above"])
    except InvalidOperation:
        threshold = Decimal("NaN")
    if not 0 <= threshold <= 10:
        raise CommandError(f"--like-above is {options['like_above']!r}. Give a rating, 0 to 10.")


def _report(console: Console, plan: Plan) -> None:
    release, epoch = live_release()
    table = Table(title=f"{release}, epoch {epoch}", caption=release.digest if release else "")
    for column in ("shard", "generation", "records", "adapter"):
        table.add_column(column)
    for adapter in plan.adapters.filter(state="active").order_by("shard"):
        records = sum(part["records"] for part in adapter.manifest)
        table.add_row(
            str(adapter.shard), str(adapter.generation), f"{records:,}", adapter.digest[:23]
        )
    console.print(table)
