"""Build and refresh: from records in Postgres to the jobs that train each shard."""

import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

from django.db import transaction

from compliance.erasure.following import FOLLOWING
from compliance.erasure.models import ErasureRequest
from compliance.erasure.states import State
from compliance.provenance.adapters import shard_sync, shards_leave
from compliance.provenance.models import OPEN_ADAPTER_STATES, Adapter, Plan
from compliance.provenance.partitioning import frozen_embeddings
from compliance.provenance.placement import Progress, place_new_records
from compliance.provenance.plans import plan_activate
from compliance.provenance.releases import release_publish, serving_lock
from compliance.recommendations.loading import catalogue_by
from recmodel import hardware
from recmodel.attention import Attention, Strategy
from recmodel.base import load_base
from recmodel.encoder import Encoder
from recmodel.front_end import FrontEnd
from recmodel.gate import Form
from recmodel.partition import SEMANTIC, unpacked
from recmodel.plan_calibrator import plan_calibrator
from recmodel.template import Template
from recmodel.text_base import ITEM_TOKEN, load_text, named_in_plan
from recmodel.text_defaults import training_defaults
from recmodel.training import TrainingConfig

# What a plan of this version says, this version of Lethe can act on.
PLAN_VERSION = 2
# How adapters are weighed in new plans; docs/model.md has what other choices gave.
MIXTURE = {
    "form": "nd",
    **asdict(Attention()),
    # The latest of each validation subject; more make every checkpoint's errors dearer.
    "prompts_per_subject": 2,
}


@dataclass(frozen=True)
class TextChoice:
    """What a plan of the text front end is made with: a folder or hub id, words, and where to."""

    source: str
    template: Template
    device_map: str | None = None


def plan_config(
    *,
    encoder: Encoder,
    shards: int,
    slices: int,
    validation_share: float,
    like_threshold: str,
    seed: str | None,
    method: str = SEMANTIC,
    slice_by: Sequence[str] = (),
    strategy: Strategy = "attention",
    form: Form = "nd",
    text: TextChoice | None = None,
) -> dict[str, Any]:
    """Return a plan's content. Without `seed`, partition and training get fresh random keys.

    `method` is the partitioner, `slice_by` the erasure classes from least to most likely, `text`
    the base of the text front end, None for item tokens. It looks at the catalogue as it is now,
    which must have been embedded, and at nobody's records.
    """
    root = seed or secrets.token_hex(32)
    catalogue = catalogue_by(encoder.digest)
    base, named, training = _front_end(text, _derive(root, "training"))
    frozen = frozen_embeddings(catalogue.embeddings, method, shards)
    return {
        "version": PLAN_VERSION,
        **named,
        "encoder": {"name": encoder.name, "digest": encoder.digest},
        "like_threshold": like_threshold,
        "partition": {
            "method": method,
            "key": _derive(root, "partition"),
            "shards": shards,
            "slices": slices,
            "slice_by": list(slice_by),
            "validation_share": validation_share,
            **frozen,
        },
        "mixture": MIXTURE | {"strategy": strategy, "form": form},
        "calibrator": plan_calibrator(
            base, catalogue, unpacked(frozen["centre"]), training
        ).to_dict(),
        "training": training.to_dict(),
    }


def _front_end(
    text: TextChoice | None, seed: str
) -> tuple[FrontEnd, dict[str, Any], TrainingConfig]:
    """Return the base, what a plan says of it, and what its adapters are trained with."""
    if text is None:
        base = load_base()
        named = {"front_end": ITEM_TOKEN, "base": {"digest": base.digest}}
        return base, named, TrainingConfig(seed=seed)
    dtype = hardware.dtype()
    model = load_text(text.source, text.template, dtype=dtype, device_map=text.device_map)
    named = named_in_plan(model, text.source, dtype, text.device_map)
    return model, named, training_defaults(model, seed, hardware.free_bytes(text.device_map))


class ErasuresUnderWayError(Exception):
    """The plan in force is needed until the requests that wait for its adapters are completed."""


@transaction.atomic
def build(config: dict[str, Any], on_progress: Progress | None = None) -> list[Adapter]:
    """Put a new plan in force, place all records under it, and queue the training of each shard.

    Raise `ErasuresUnderWayError` while a request waits for an adapter of the plan before.
    """
    serving_lock()
    waiting = ErasureRequest.objects.filter(state__in=[*FOLLOWING, State.FAILED]).count()
    if waiting:
        raise ErasuresUnderWayError(
            f"{waiting} approved erasure requests wait for the plan in force. Try again when they "
            "are completed; resume those that have failed in the admin."
        )
    return refresh(plan_activate(config=config), on_progress)


def refresh(plan: Plan, on_progress: Progress | None = None) -> list[Adapter]:
    """Place new records and queue the training of every shard that they change.

    The release says at once which records stand; the adapters follow when they are trained. What
    subjects who move had taught at their old place goes out of service at once. Returns the
    adapters that wait to be trained.
    """
    with transaction.atomic():
        serving_lock()
        left = place_new_records(plan, on_progress)
        shards_leave(plan=plan, left=left)
        # Before the release: its calibrator is fitted by the same workers, who go by age.
        adapters = [
            shard_sync(
                plan=plan,
                shard=shard,
                needs_replay=False,
                withdrawn=left[shard].records if shard in left else 0,
            )
            for shard in range(plan.shards)
        ]
        release_publish(plan=plan)
    return [adapter for adapter in adapters if adapter.state in OPEN_ADAPTER_STATES]


def _derive(root: str, purpose: str) -> str:
    return sha256(f"{purpose}/{root}".encode()).hexdigest()
