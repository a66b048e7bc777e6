"""`manage.py train`: embed the catalogue, place the records, train what is not in line."""

from argparse import ArgumentParser
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.table import Table

from compliance.provenance.models import Plan
from compliance.provenance.plans import active_plan
from compliance.provenance.releases import live_release
from compliance.records.models import CLASS_LENGTH, Interaction
from recmodel.attention import STRATEGIES
from recmodel.encoder import Encoder, EncoderMismatch
from recmodel.gate import FORMS
from recmodel.partition import METHODS, SEMANTIC
from recmodel.plan_calibrator import SmallCatalogueError
from recmodel.template import Template
from recmodel.text_base import FAULTS, ITEM_TOKEN, TEXT
from workers.building import (
    PLAN_VERSION,
    ErasuresUnderWayError,
    TextChoice,
    build,
    plan_config,
    refresh,
)
from workers.embedding import embed_items
from workers.progress import bars, follow_training

DEFAULTS: dict[str, Any] = {
    "shards": 8,
    "slices": 4,
    "validation_share": 0.1,
    "like_above": "3.5",
    "seed": None,
    "encoder": None,
    "partitioner": SEMANTIC,
    "slice_by": "",
    "mixture": "attention",
    "form": "nd",
    "front_end": ITEM_TOKEN,
    "base": None,
    "template": None,
    "device_map": None,
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
        group.add_argument(
            "--partitioner",
            choices=METHODS,
            help="what says which shard a subject goes to; docs/partition.md compares them "
            "[%(default)s]",
        )
        group.add_argument(
            "--slice-by",
            metavar="CLASS,CLASS,...",
            help="erasure classes from least to most likely to be erased: the likely ones go to "
            "the last slices [none: a keyed hash]",
        )
        group.add_argument(
            "--mixture",
            choices=STRATEGIES,
            help="how adapters are weighed for a sample; docs/model.md compares them [%(default)s]",
        )
        group.add_argument(
            "--form",
            choices=FORMS,
            help="what is mixed: the adapters' products (nd), or their factors (d) [%(default)s]",
        )
        group.add_argument(
            "--front-end",
            choices=(ITEM_TOKEN, TEXT),
            help="what reads a history: one token an item over the shipped base, or titles as text "
            "over a language model of yours [%(default)s]",
        )
        group.add_argument(
            "--base", metavar="PATH_OR_HUB_ID", help="the causal language model of --front-end text"
        )
        group.add_argument(
            "--template",
            metavar="FILE",
            type=Path,
            help="its prompts, with {liked}, {disliked} and, last, {target} [the one shipped]",
        )
        group.add_argument(
            "--device-map", help="spread the base over devices, `auto` for all of them [one device]"
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
        try:
            plan = train(console, options)
        except (ErasuresUnderWayError, EncoderMismatch, SmallCatalogueError, *FAULTS) as error:
            raise CommandError(str(error)) from None
        _report(console, plan)


def train(console: Console, options: dict[str, Any]) -> Plan:
    """Embed what is new, place what is new, and train every shard that is not in line.

    Returns the plan in force, a new one where there was none or one was asked for.
    """
    _check(options)
    plan = active_plan()
    if plan is not None and not options["new_plan"]:
        _check_nothing_new(plan, options)
    # What is wrong with a template is said before anything is computed.
    text = _text(options)
    encoder = _embed(console, options)
    with bars(console) as progress:
        task = progress.add_task("Placing subjects", total=None)

        def show(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        if plan is None or options["new_plan"]:
            adapters = build(_config(encoder, options, text), show)
        else:
            _check_encoder(plan, encoder)
            adapters = refresh(plan, show)
    failed = follow_training(console, adapters)
    if failed:
        raise CommandError("; ".join(failed))
    return _still_in_force(adapters[0].plan if adapters else plan)


def _still_in_force(plan: Plan | None) -> Plan:
    now = active_plan()
    if now is None or plan is None or now.pk != plan.pk:
        raise CommandError(
            "Another `train --new-plan` has put its plan in force meanwhile, so what this one "
            "trained is not served. Run it again if its plan is the one that you want."
        )
    return now


def _check_nothing_new(plan: Plan, options: dict[str, Any]) -> None:
    """Refuse what only a new plan can take in, rather than to pass over it."""
    if plan.config.get("version") != PLAN_VERSION:
        raise CommandError("Another version of Lethe made the plan in force: add --new-plan.")
    partition, mixture = plan.config["partition"], plan.config["mixture"]
    in_force = {
        "shards": plan.shards,
        "slices": plan.slices,
        "validation_share": partition["validation_share"],
        "partitioner": partition["method"],
        "slice_by": ",".join(plan.slice_by),
        "mixture": mixture["strategy"],
        "form": mixture["form"],
        "like_above": plan.config["like_threshold"],
        "front_end": plan.config.get("front_end", ITEM_TOKEN),
        "base": plan.config["base"].get("name"),
        "device_map": plan.config["base"].get("device_map"),
    }
    if options["template"] is not None:
        given = Template.read(options["template"])
        if given.text != plan.config.get("template", {}).get("text"):
            raise CommandError(
                f"--template {options['template']} is not the template of the plan in force. "
                "Leave it out, or add --new-plan to replace that plan."
            )
    if options["base"] is not None:
        options = options | {"base": _source(options["base"])}
    for name, value in in_force.items():
        if options[name] not in (DEFAULTS[name], value):
            raise CommandError(
                f"--{name.replace('_', '-')} {options[name]} is for a new plan, and one is in force"
                f" with {value!r}. Leave it out, or add --new-plan to replace that plan."
            )


def _embed(console: Console, options: dict[str, Any]) -> Encoder:
    encoder = Encoder.load(options["encoder"])
    with bars(console) as progress:
        task = progress.add_task("Embedding items", total=None)
        embed_items(encoder, lambda done, total: progress.update(task, completed=done, total=total))
    return encoder


def _config(encoder: Encoder, options: dict[str, Any], text: TextChoice | None) -> dict[str, Any]:
    return plan_config(
        encoder=encoder,
        shards=options["shards"],
        slices=options["slices"],
        validation_share=options["validation_share"],
        like_threshold=options["like_above"],
        seed=options["seed"],
        method=options["partitioner"],
        slice_by=_classes(options["slice_by"]),
        strategy=options["mixture"],
        form=options["form"],
        text=text,
    )


def _text(options: dict[str, Any]) -> TextChoice | None:
    """Return what the text front end is to be made with; None for item tokens."""
    if options["front_end"] != TEXT:
        return None
    template = Template.read(options["template"])
    return TextChoice(_source(options["base"]), template, options["device_map"])


def _source(base: str) -> str:
    """Return a folder's full path, as workers stand elsewhere; a hub id as it is."""
    return str(Path(base).resolve()) if Path(base).is_dir() else base


def _classes(text: str) -> list[str]:
    """Return the erasure classes that `--slice-by` lists."""
    return [name.strip() for name in text.split(",")] if text else []


def _check_encoder(plan: Plan, encoder: Encoder) -> None:
    if plan.config["encoder"]["digest"] != encoder.digest:
        raise CommandError(
            f"The plan in force uses the encoder {plan.config['encoder']['name']}. Name it with "
            "--encoder, or add --new-plan."
        )


def _check(options: dict[str, Any]) -> None:
    for name in ("shards", "slices"):
        if not 1 <= options[name] <= 1000:
            raise CommandError(f"--{name} is {options[name]}. Give 1 to 1000.")
    classes = _classes(options["slice_by"])
    if "" in classes or len(set(classes)) != len(classes):
        raise CommandError(
            f"--slice-by is {options['slice_by']!r}. Give different classes, separated by commas."
        )
    if too_long := [name for name in classes if len(name) > CLASS_LENGTH]:
        raise CommandError(
            f"--slice-by names {too_long[0]!r}. A class has {CLASS_LENGTH} characters at most."
        )
    if options["mixture"] == "centroid" and options["partitioner"] != SEMANTIC:
        raise CommandError(
            f"--mixture centroid needs the centroids of --partitioner {SEMANTIC}, not "
            f"{options['partitioner']}."
        )
    _check_text(options)
    if not 0 <= options["validation_share"] <= 0.5:
        raise CommandError(f"--validation-share is {options['validation_share']}. Give 0 to 0.5.")
    try:
        threshold = Decimal(options["like_above"])
    except InvalidOperation:
        threshold = Decimal("NaN")
    if not (threshold.is_finite() and 0 <= threshold <= 10):
        raise CommandError(f"--like-above is {options['like_above']!r}. Give a rating, 0 to 10.")


def _check_text(options: dict[str, Any]) -> None:
    is_text = options["front_end"] == TEXT
    if is_text and not options["base"]:
        raise CommandError("--front-end text needs --base with the path or hub id of a model.")
    for name in ("base", "template", "device_map"):
        if options[name] is not None and not is_text:
            raise CommandError(
                f"--{name.replace('_', '-')} is for --front-end text: add that, or leave it out."
            )


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
