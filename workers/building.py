"""Build and refresh: from records in Postgres to the jobs that train each shard."""

import secrets
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from django.db import transaction

from compliance.provenance.adapters import shard_sync
from compliance.provenance.models import OPEN_ADAPTER_STATES, Adapter, Plan
from compliance.provenance.placement import place_new_records
from recmodel.base import load_base
from recmodel.encoder import Encoder
from recmodel.training import TrainingConfig


def plan_config(
    *,
    encoder: Encoder,
    shards: int,
    slices: int,
    validation_share: float,
    like_threshold: str,
    seed: str | None,
) -> dict[str, Any]:
    """Return a plan's content. Without `seed`, partition and training get fresh random keys."""
    root = seed or secrets.token_hex(32)
    return {
        "version": 1,
        "front_end": "item-token",
        "base": {"digest": load_base().digest},
        "encoder": {"name": encoder.name, "digest": encoder.digest},
        "like_threshold": like_threshold,
        "partition": {
            "method": "hash",
            "key": _derive(root, "partition"),
            "shards": shards,
            "slices": slices,
            "validation_share": validation_share,
        },
        "training": TrainingConfig(seed=_derive(root, "training")).to_dict(),
    }


def refresh(plan: Plan, on_progress: Callable[[int, int], None] | None = None) -> list[Adapter]:
    """Place new records and queue the training of every shard that they change.

    For a new plan that is every shard. Returns the adapters that wait to be trained.
    """
    with transaction.atomic():
        place_new_records(plan, on_progress)
        adapters = [
            shard_sync(plan=plan, shard=shard, needs_replay=False) for shard in range(plan.shards)
        ]
    return [adapter for adapter in adapters if adapter.state in OPEN_ADAPTER_STATES]


def _derive(root: str, purpose: str) -> str:
    return sha256(f"{purpose}/{root}".encode()).hexdigest()
