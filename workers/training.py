"""Train a shard's adapter slice after slice, and train it a second time to compare the bits."""

from collections.abc import Callable, Iterator
from typing import Any

from django.db import connection, transaction

from compliance.erasure.following import requests_follow
from compliance.jobs.models import Job
from compliance.jobs.services import ImpossibleJobError
from compliance.provenance.adapters import (
    adapter_fail,
    adapter_replayed,
    adapter_start,
    adapter_trained,
    checkpoint_add,
    shard_sync,
)
from compliance.provenance.artefacts import artefact_path
from compliance.provenance.examples import shard_examples
from compliance.provenance.manifests import as_json, slice_manifests_of_records
from compliance.provenance.models import OPEN_ADAPTER_STATES, Adapter, Replay
from compliance.provenance.releases import serving_lock
from compliance.recommendations.loading import plan_catalogue
from recmodel import determinism
from recmodel.adapter import AdapterState, load_adapter, save_adapter
from recmodel.prompts import Prompt as Example
from recmodel.rates import told
from recmodel.training import initial_state, train_slice
from workers.identity import WORKER
from workers.judging import errors_fill
from workers.model import base_model, training_config
from workers.work import Work


class OtherEnvironmentError(Exception):
    """Two trainings cannot be compared bit by bit: they ran on different machines or code."""


def train(work: Work) -> None:
    """Train from the first slice that is not clean; a checkpoint stands after each slice.

    A second attempt goes on after the last checkpoint of the first: the bits are the same. Where
    they may not be, as it began in another environment, all of it is trained anew.
    """
    determinism.configure()
    adapter = _open_adapter(work)
    environment = _environment(adapter)
    if _has_begun_elsewhere(adapter, environment):
        _begin_anew(work, adapter)
        return
    with transaction.atomic():
        serving_lock()
        work.lease.prolong()
        adapter_start(adapter, trainer=WORKER, environment=environment)
        requests_follow()
    done = adapter.checkpoints.clean().count()
    digest = _kept_digest(adapter, done)
    for slice_, state in _train_from(work, adapter, done):
        with transaction.atomic():
            serving_lock()
            work.lease.prolong()
            digest = _keep(state)
            checkpoint_add(adapter, slice_=slice_, digest=digest)
    errors_fill(work, adapter.plan, adapter.checkpoints.clean().select_related("adapter"))
    with transaction.atomic():
        serving_lock()
        work.lease.succeed()
        adapter_trained(adapter, digest=digest)
        requests_follow()


def replay(work: Work) -> None:
    """Train the same slices again in this process and serve the adapter if the bits are equal."""
    determinism.configure()
    adapter = _open_adapter(work)
    if adapter.trainer == WORKER:
        raise RuntimeError("A replay by the process that trained would prove nothing.")
    environment = _environment(adapter)
    _require_same_environment(adapter, environment)
    digest = _kept_digest(adapter, adapter.first_slice)
    for _, state in _train_from(work, adapter, adapter.first_slice):
        digest = state.digest
    with transaction.atomic():
        serving_lock()
        result = adapter_replayed(adapter, digest=digest, replayer=WORKER, environment=environment)
        if result is Replay.IDENTICAL:
            work.lease.succeed()
        else:
            work.lease.fail(error=f"The replay of {adapter} gave other bits.", final=True)
        requests_follow()


def failed(job: Job) -> None:
    """Tell the adapter, and the requests that wait for it, that its job has failed for good."""
    adapter = Adapter.objects.filter(pk=job.target, state__in=OPEN_ADAPTER_STATES).first()
    if adapter:
        adapter_fail(adapter)
        requests_follow()


def _open_adapter(work: Work) -> Adapter:
    adapter = Adapter.objects.select_related("plan").get(pk=work.job.target)
    if adapter.state not in OPEN_ADAPTER_STATES:
        raise ImpossibleJobError(f"{adapter} is {adapter.get_state_display()}, not open.")
    return adapter


def _environment(adapter: Adapter) -> dict[str, Any]:
    """Return what the bits may depend on here, where the plan's base stands."""
    base = base_model(adapter.plan)
    return determinism.fingerprint(base.device.type, base.dtype, base.packs)


def _has_begun_elsewhere(adapter: Adapter, environment: dict[str, Any]) -> bool:
    begun = adapter.checkpoints.clean().count() > adapter.first_slice
    return begun and bool(determinism.differences(adapter.environment, environment))


def _begin_anew(work: Work, adapter: Adapter) -> None:
    """Leave this generation, and queue the next: no replay could confirm what it mixes."""
    with transaction.atomic():
        serving_lock()
        work.lease.succeed()
        adapter_fail(adapter)
        shard_sync(plan=adapter.plan, shard=adapter.shard, needs_replay=adapter.needs_replay)
        requests_follow()


def _require_same_environment(adapter: Adapter, environment: dict[str, Any]) -> None:
    """Raise `OtherEnvironmentError` unless equal bits may be expected, and other bits mean a fault.

    The job is then tried again, perhaps by a worker on another machine.
    """
    differing = determinism.differences(adapter.environment, environment)
    if differing:
        raise OtherEnvironmentError(
            f"{adapter} was trained in another environment: {', '.join(differing)} differ. Nothing "
            "was compared. Run a worker for the queue `replay` on a machine and with a release of "
            "Lethe like the trainer's, or train anew by resuming the request."
        )


def _keep(state: AdapterState) -> str:
    """Put the weights into the artefact store and return their digest.

    The store's names are digests: what stands there already is the same, and may be in use.
    """
    path = artefact_path(state.digest)
    if not path.exists():
        save_adapter(path, state)
    return state.digest


def _kept_digest(adapter: Adapter, slices: int) -> str:
    """Return the digest of the checkpoint after the first `slices` slices; empty for none."""
    return adapter.checkpoints.get(slice=slices - 1).digest if slices else ""


def _train_from(work: Work, adapter: Adapter, first: int) -> Iterator[tuple[int, AdapterState]]:
    """Yield each slice from `first` on with the weights after it."""
    plan, config = adapter.plan, training_config(adapter.plan)
    model, catalogue = base_model(plan), plan_catalogue(plan)
    slices = _inputs(adapter, first)
    total = sum(map(len, slices[first:])) * config.epochs
    done = 0
    start = _kept_digest(adapter, first)
    state = (
        load_adapter(artefact_path(start)) if start else initial_state(model, config, adapter.shard)
    )
    for slice_ in range(first, plan.slices):
        state = train_slice(
            model,
            config,
            adapter.shard,
            slice_,
            slices[slice_],
            state,
            catalogue,
            on_step=_progress(work, adapter, done, total),
        )
        done += len(slices[slice_]) * config.epochs
        yield slice_, state


def _inputs(adapter: Adapter, first: int) -> list[list[Example]]:
    """Return the prompts of each slice from `first` on, with what their slices say of the items.

    They are sure to be those that the adapter's manifest commits to.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        slices = told(shard_examples(adapter.plan, adapter.shard), first)
        manifest = as_json(slice_manifests_of_records(adapter.plan, adapter.shard))
    if manifest != adapter.manifest:
        raise RuntimeError(f"The records of {adapter} have changed since it was planned.")
    return slices


def _progress(work: Work, adapter: Adapter, before: int, total: int) -> Callable[[int, int], None]:
    note = f"shard {adapter.shard}"
    return lambda done, _: work.step(done=before + done, total=total, note=note)
