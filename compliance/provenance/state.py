"""The state that an erasure must leave as if the records had never been: its content, no more.

Row ids, generation numbers, clock times and retired rows are left out: they tell how the state
came about. Subjects and records are named by their keyed commitments, so a state holds no
personal data, and two installations can be compared if they share the commitment key.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import Any

from compliance.canonical import json_digest
from compliance.provenance.manifests import record_commitment, subject_commitment, subject_secret
from compliance.provenance.models import OPEN_ADAPTER_STATES, Checkpoint, Plan, Prompt, RecordPlace
from compliance.provenance.releases import calibrator_of, live_release, served_checkpoints
from compliance.provenance.validation import error_digests

Rows = dict[str, list[list[Any]]]


@dataclass(frozen=True)
class State:
    """What stands, by content.

    places: [shard, slice, place, record] of each subject's records, in order; prompts:
    [shard, slice, first, target, end]; shards: what serves each shard, its checkpoints
    included; errors: a digest of each checkpoint's row of the error matrix, None where it is not
    whole; calibrator: the one that serves; release: the digest of the live manifest, empty where
    the plan serves nothing.
    """

    plan: str
    places: Rows
    prompts: Rows
    shards: list[dict[str, Any]]
    errors: dict[str, str | None]
    calibrator: dict[str, Any]
    release: str

    @property
    def digest(self) -> str:
        """Return one digest over all of it."""
        return json_digest(asdict(self))


def state(plan: Plan) -> State:
    """Return the state under `plan`, as the database stands now."""
    release, _ = live_release()
    shards = [_shard(checkpoint) for checkpoint in served_checkpoints(plan)]
    weights = [digest for shard in shards for _, digest, _ in shard["checkpoints"]]
    return State(
        plan=plan.digest,
        places=_places(plan),
        prompts=_prompts(plan),
        shards=shards,
        errors=error_digests(plan, weights),
        calibrator=calibrator_of(release) if release and release.plan == plan else {},
        release=release.digest if release and release.plan == plan else "",
    )


def shards_in_training(plan: Plan) -> list[int]:
    """Return the shards whose next adapter is not in service yet: the state is about to change."""
    waiting = plan.adapters.filter(state__in=OPEN_ADAPTER_STATES).order_by("shard")
    return list(waiting.values_list("shard", flat=True))


def _places(plan: Plan) -> Rows:
    rows = (
        RecordPlace.objects.filter(plan=plan)
        .order_by("subject__external_id", "place")
        .values_list(
            "subject__external_id",
            "shard",
            "slice",
            "place",
            "interaction__item__external_id",
            "interaction__occurred_at",
            "interaction__rating",
        )
    )
    places: Rows = {}
    for subject, group in groupby(rows.iterator(chunk_size=10_000), key=itemgetter(0)):
        secret = subject_secret(subject)
        places[subject_commitment(subject).hex()] = [_place(secret, *row[1:]) for row in group]
    return places


def _place(
    secret: bytes,
    shard: int | None,
    slice_: int,
    place: int,
    item: str,
    at: datetime,
    rating: Decimal,
) -> list[Any]:
    return [shard, slice_, place, record_commitment(secret, item, at, rating).hex()]


def _prompts(plan: Plan) -> Rows:
    rows = (
        Prompt.objects.filter(plan=plan)
        .order_by("subject__external_id", "target")
        .values_list("subject__external_id", "shard", "slice", "first", "target", "end")
    )
    return {
        subject_commitment(subject).hex(): [list(row[1:]) for row in group]
        for subject, group in groupby(rows.iterator(chunk_size=10_000), key=itemgetter(0))
    }


def _shard(served: Checkpoint) -> dict[str, Any]:
    """Describe a shard by the checkpoint that serves it and those before, never a later one."""
    adapter, slices = served.adapter, served.slice + 1
    checkpoints = list(adapter.checkpoints.clean().filter(slice__lt=slices).order_by("slice"))
    return {
        "shard": adapter.shard,
        "adapter": served.digest,
        "manifest": adapter.manifest[:slices],
        "checkpoints": [[part.slice, part.digest, part.root] for part in checkpoints],
    }
