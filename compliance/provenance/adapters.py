"""The life of a shard's adapter: what must be trained, what was trained, what is out of service."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from compliance.jobs.models import Queue
from compliance.jobs.services import job_cancel_open, job_enqueue
from compliance.provenance.manifests import as_json, slice_manifests
from compliance.provenance.models import (
    OPEN_ADAPTER_STATES,
    Adapter,
    AdapterState,
    Checkpoint,
    Plan,
    Replay,
)
from compliance.provenance.placement import Left
from compliance.provenance.releases import release_publish, require_active, serving_lock

TRAIN, REPLAY = "train", "replay"
UNFINISHED_STATES = [*OPEN_ADAPTER_STATES, AdapterState.FAILED]
IN_LINE_STATES = [*OPEN_ADAPTER_STATES, AdapterState.ACTIVE]


class AdapterMovedError(Exception):
    """The adapter is not in the state that the step needs: another step came first."""


@transaction.atomic
def shard_sync(
    *, plan: Plan, shard: int, needs_replay: bool, removed: int = 0, withdrawn: int = 0
) -> Adapter:
    """Queue the training that brings `shard` in line with its records, if anything is missing.

    A new generation keeps the clean checkpoints that precede the first changed slice. Building,
    refreshing and erasing all come down to this. `removed` is the number of records that the
    caller has just erased from the shard, `withdrawn` that of records that left it otherwise, as
    their subject moved. Returns the adapter that is or will be in line.
    """
    serving_lock()
    require_active(plan)
    manifest = as_json(slice_manifests(plan, shard))
    newest = plan.adapters.filter(shard=shard).order_by("-generation").first()
    if newest is not None:
        if newest.manifest == manifest and newest.state in IN_LINE_STATES:
            return newest
        if newest.state in UNFINISHED_STATES:
            # What it was trained for still waits for a replay.
            needs_replay = needs_replay or newest.needs_replay
        if newest.state in OPEN_ADAPTER_STATES:
            _supersede(newest)
    kept = _clean_checkpoints(newest, manifest)
    adapter = Adapter.objects.create(
        plan=plan,
        shard=shard,
        generation=newest.generation + 1 if newest else 1,
        first_slice=len(kept),
        manifest=manifest,
        needs_replay=needs_replay,
        records_added=_records(manifest)
        - (_records(newest.manifest) if newest else 0)
        + removed
        + withdrawn,
        records_withdrawn=withdrawn,
    )
    for checkpoint in kept:
        adapter.checkpoints.create(
            slice=checkpoint.slice, digest=checkpoint.digest, root=checkpoint.root
        )
    job_enqueue(queue=Queue.TRAIN, kind=TRAIN, target=str(adapter.pk))
    return adapter


def shard_quarantine(*, plan: Plan, shard: int, first_slice: int) -> Adapter | None:
    """Take out of service all of a shard that saw `first_slice`; return the adapter that fell.

    It may have fallen at an earlier approval already, whose retraining is not done. Every
    generation's checkpoints from that slice on are marked. Call it in the transaction that erases
    the records, then `shard_sync` and `release_publish`.
    """
    now = timezone.now()
    Checkpoint.objects.filter(
        adapter__plan=plan, adapter__shard=shard, slice__gte=first_slice, quarantined_at=None
    ).update(quarantined_at=now)
    Adapter.objects.filter(plan=plan, shard=shard, state=AdapterState.ACTIVE).update(
        state=AdapterState.QUARANTINED, quarantined_at=now
    )
    return (
        plan.adapters.filter(shard=shard, state=AdapterState.QUARANTINED)
        .order_by("-generation")
        .first()
    )


def shards_leave(*, plan: Plan, left: Mapping[int, Left]) -> None:
    """Take out of service what subjects who moved had taught at the place that they left.

    Their places tell no more where that was: an erasure that came later would not find it. Call it
    in the transaction that places them, then `shard_sync` and `release_publish`.
    """
    for shard, gone in left.items():
        shard_quarantine(plan=plan, shard=shard, first_slice=gone.first_slice)


def adapter_start(adapter: Adapter, *, trainer: str, environment: dict[str, Any]) -> None:
    """Note who trains the adapter, and in which environment."""
    _move(
        adapter,
        [AdapterState.PENDING, AdapterState.TRAINING],
        state=AdapterState.TRAINING,
        trainer=trainer,
        environment=environment,
    )


def checkpoint_add(adapter: Adapter, *, slice_: int, digest: str) -> Checkpoint:
    """Record the weights after `slice_`, whose files stand in the artefact store."""
    checkpoint, _ = adapter.checkpoints.update_or_create(
        slice=slice_, defaults={"digest": digest, "root": adapter.manifest[slice_]["root"]}
    )
    return checkpoint


def adapter_trained(adapter: Adapter, *, digest: str) -> None:
    """Take the final weights: hand them to the replay, or serve them where none is asked for."""
    _move(adapter, [AdapterState.TRAINING], state=AdapterState.VERIFYING, digest=digest)
    if adapter.needs_replay:
        job_enqueue(queue=Queue.REPLAY, kind=REPLAY, target=str(adapter.pk))
    else:
        _activate(adapter)


def adapter_replayed(
    adapter: Adapter, *, digest: str, replayer: str, environment: dict[str, Any]
) -> Replay:
    """Compare a second training's digest with the first; serve the adapter only if it is equal."""
    replay = Replay.IDENTICAL if digest == adapter.digest else Replay.DIFFERS
    _move(
        adapter,
        [AdapterState.VERIFYING],
        replay=replay,
        replayer=replayer,
        replay_environment=environment,
    )
    if replay is Replay.IDENTICAL:
        _activate(adapter)
    else:
        adapter_fail(adapter)
    return replay


def adapter_fail(adapter: Adapter) -> None:
    """Note that the adapter's training or replay has failed for good."""
    _move(adapter, list(OPEN_ADAPTER_STATES), state=AdapterState.FAILED)
    _discard(adapter)


def _activate(adapter: Adapter) -> None:
    """Put the adapter in service in place of its predecessor, whose weights become waste."""
    serving_lock()
    now = timezone.now()
    Adapter.objects.filter(
        plan=adapter.plan, shard=adapter.shard, state=AdapterState.ACTIVE
    ).update(state=AdapterState.SUPERSEDED)
    _move(adapter, [AdapterState.VERIFYING], state=AdapterState.ACTIVE, activated_at=now)
    Checkpoint.objects.filter(
        adapter__plan=adapter.plan,
        adapter__shard=adapter.shard,
        adapter__generation__lt=adapter.generation,
        quarantined_at=None,
    ).update(quarantined_at=now)
    release_publish(plan=adapter.plan)


def _records(manifest: list[dict[str, Any]]) -> int:
    return sum(part["records"] for part in manifest)


def _clean_checkpoints(newest: Adapter | None, manifest: list[dict[str, Any]]) -> list[Checkpoint]:
    """Return the unbroken run of clean checkpoints from slice 0 that fit `manifest`."""
    kept: list[Checkpoint] = []
    if newest is None:
        return kept
    for checkpoint in newest.checkpoints.clean().order_by("slice"):
        position = len(kept)
        if checkpoint.slice != position or checkpoint.root != manifest[position]["root"]:
            break
        kept.append(checkpoint)
    return kept


def _supersede(adapter: Adapter) -> None:
    for kind in (TRAIN, REPLAY):
        job_cancel_open(kind=kind, target=str(adapter.pk))
    _move(adapter, list(OPEN_ADAPTER_STATES), state=AdapterState.SUPERSEDED)
    _discard(adapter)


def _discard(adapter: Adapter) -> None:
    """Take what this generation trained out of use: no replay has confirmed it."""
    adapter.checkpoints.filter(slice__gte=adapter.first_slice, quarantined_at=None).update(
        quarantined_at=timezone.now()
    )


def _move(adapter: Adapter, sources: list[AdapterState], **values: Any) -> None:
    moved = Adapter.objects.filter(pk=adapter.pk, state__in=sources).update(**values)
    if moved != 1:
        raise AdapterMovedError(f"{adapter} is no longer {' or '.join(sources)}.")
    for name, value in values.items():
        setattr(adapter, name, value)
