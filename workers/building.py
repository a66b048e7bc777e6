"""Build and refresh: from records in Postgres to the jobs that train each shard."""

import secrets
from hashlib import sha256
from typing import Any

from django.db import transaction

from compliance.erasure.following import FOLLOWING
from compliance.erasure.models import ErasureRequest
from compliance.erasure.states import State
from compliance.provenance.adapters import shard_sync
from compliance.provenance.models import OPEN_ADAPTER_STATES, Adapter, Plan
from compliance.provenance.placement import Progress, place_new_records
from compliance.provenance.plans import plan_activate
from compliance.provenance.releases import release_publish, serving_lock
from compliance.recommendations.loading import catalogue_by
from recmodel.base import load_base
from recmodel.encoder import Encoder
from recmodel.partition import packed
from recmodel.plan_calibrator import plan_calibrator
from recmodel.taste import centre_of
from recmodel.training import TrainingConfig

# How adapters are weighed in new plans; docs/model.md has what other choices gave.
MIXTURE = {
    "form": "nd",
    "strategy": "attention",
    "neighbours": 20,
    "tau": 30.0,
    "prompts_per_subject": 4,
}


def plan_config(
    *,
    encoder: Encoder,
    shards: int,
    slices: int,
    validation_share: float,
    like_threshold: str,
    seed: str | None,
) -> dict[str, Any]:
    """Return a plan's content. Without `seed`, partition and training get fresh random keys.

    It looks at the catalogue, which must have been embedded, and at nobody's records.
    """
    root = seed or secrets.token_hex(32)
    base, catalogue = load_base(), catalogue_by(encoder.digest)
    training = TrainingConfig(seed=_derive(root, "training"))
    centre = centre_of(catalogue.embeddings)
    return {
        "version": 1,
        "front_end": "item-token",
        "base": {"digest": base.digest},
        "encoder": {"name": encoder.name, "digest": encoder.digest},
        "like_threshold": like_threshold,
        "partition": {
            "method": "hash",
            "key": _derive(root, "partition"),
            "shards": shards,
            "slices": slices,
            "validation_share": validation_share,
            "centre": packed(centre),
        },
        "mixture": MIXTURE,
        "calibrator": plan_calibrator(base, catalogue, centre, training).to_dict(),
        "training": training.to_dict(),
    }


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

    The release says at once which records stand; the adapters follow when they are trained.
    Returns those that wait to be.
    """
    with transaction.atomic():
        serving_lock()
        place_new_records(plan, on_progress)
        # Before the release: its calibrator is fitted by the same workers, who go by age.
        adapters = [
            shard_sync(plan=plan, shard=shard, needs_replay=False) for shard in range(plan.shards)
        ]
        release_publish(plan=plan)
    return [adapter for adapter in adapters if adapter.state in OPEN_ADAPTER_STATES]


def _derive(root: str, purpose: str) -> str:
    return sha256(f"{purpose}/{root}".encode()).hexdigest()
