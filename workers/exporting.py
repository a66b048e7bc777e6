"""Write what is served to a folder, as a PEFT checkpoint for other servers, and record it."""

import getpass
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from django.db import transaction

from compliance.provenance.examples import reactions_of
from compliance.provenance.exports import ExportError, export_add
from compliance.provenance.models import Checkpoint, Export, ExportKind, Release
from compliance.provenance.releases import live_release
from compliance.recommendations.engine import live_engine
from compliance.recommendations.errors import NoReleaseError, SwitchingError
from compliance.recommendations.loading import weights
from compliance.records.models import Subject
from compliance.records.restricted import is_restricted
from recmodel.adapter import AdapterState
from recmodel.export import aggregate, check_omega, exported


@dataclass(frozen=True)
class Live:
    """What is served at one moment: the release, the epoch, and each shard's checkpoint."""

    release: Release
    epoch: int
    served: dict[int, Checkpoint]

    @classmethod
    def now(cls) -> "Live":
        """Read it. Raises `NoReleaseError`, and `ExportError` when no adapter is served."""
        release, epoch = live_release()
        if release is None:
            raise NoReleaseError
        checkpoints = release.checkpoints.select_related("adapter").order_by("adapter__shard")
        served = {checkpoint.adapter.shard: checkpoint for checkpoint in checkpoints}
        if not served:
            raise ExportError("No adapter is in service. Train first, or wait for the retraining.")
        return cls(release, epoch, served)


@dataclass(frozen=True)
class Exported:
    """What was written."""

    export: Export
    shards: tuple[int, ...]
    rank: int


def export_shard(path: Path, shard: int) -> Exported:
    """Export one shard's adapter. Raises `ExportError` where it has none in service."""
    live = Live.now()
    if shard not in live.served:
        serving = ", ".join(map(str, live.served))
        raise ExportError(
            f"Shard {shard} has no adapter in service: there is no such shard, or its adapter is "
            f"quarantined. In service are {serving}."
        )
    checkpoint = live.served[shard]
    state = weights(checkpoint.digest, checkpoint.adapter)
    return _export(path, live, [shard], state, ExportKind.ADAPTER, None)


def export_mixture(path: Path, omega: Sequence[float] | None) -> Exported:
    """Export the mixture at weights in the order of the shards in service, None for all alike.

    Raises `OmegaError` for weights that are not one number for each, from 0 to 1, adding up to 1.
    """
    live = Live.now()
    given = [1 / len(live.served)] * len(live.served) if omega is None else list(omega)
    return _export_mixture(path, live, given, ExportKind.WEIGHTS)


def export_for_subject(path: Path, subject: str) -> Exported:
    """Export the mixture at the weights that a subject's history leads to."""
    live = Live.now()
    if not Subject.objects.filter(external_id=subject).exists():
        raise ExportError("There is no such subject. Give its external id.")
    if is_restricted(subject):
        raise ExportError("An erasure request restricts this subject. Wait until it is decided.")
    engine = live_engine()
    if (engine.release, engine.epoch) != (live.release.digest, live.epoch):
        raise SwitchingError
    history = engine.known(reactions_of(engine.plan, subject).all)
    omega = engine.recommender.omega(history).tolist()
    return _export_mixture(path, live, omega, ExportKind.SUBJECT)


def _export_mixture(path: Path, live: Live, given: Sequence[float], kind: ExportKind) -> Exported:
    check_omega(dict(enumerate(given)), list(range(len(live.served))))
    omega = dict(zip(live.served, given, strict=True))
    chosen = [shard for shard in live.served if omega[shard] > 0]
    states = {
        shard: weights(checkpoint.digest, checkpoint.adapter)
        for shard, checkpoint in live.served.items()
    }
    state = aggregate(states, omega, live.release.plan.config["mixture"]["form"])
    kept = list(given) if kind == ExportKind.WEIGHTS else None
    return _export(path, live, chosen, state, kind, kept)


def _export(
    path: Path,
    live: Live,
    shards: Sequence[int],
    state: AdapterState,
    kind: ExportKind,
    omega: list[float] | None,
) -> Exported:
    if not str(path).isprintable():
        raise ExportError("The folder's name has characters that cannot be shown. Name another.")
    # The folder takes its place under the lock, before the row is committed: an approval that
    # quarantines what is in it comes either before both or after both.
    with transaction.atomic(), exported(path, state):
        export = export_add(
            release=live.release,
            epoch=live.epoch,
            checkpoints=[live.served[shard] for shard in shards],
            kind=kind,
            omega=omega,
            digest=state.digest,
            path=str(path.absolute()),
            by=_user(),
        )
    return Exported(export, tuple(shards), state.rank)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return f"uid {os.getuid()}"
