"""The live release in memory: who answers, and what there is to recommend."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from django.conf import settings
from django.db import DatabaseError, connection

from compliance.provenance.models import FittedCalibrator, Plan, Release
from compliance.provenance.releases import calibrator_of, live_release
from compliance.provenance.validation import error_digests
from compliance.recommendations.candidates import Shelf
from compliance.recommendations.errors import IncompleteReleaseError, NoReleaseError
from compliance.recommendations.loading import recommender
from recmodel import determinism
from recmodel.calibrator import Calibrator
from recmodel.prompts import Reaction
from recmodel.recommender import Recommender


@dataclass(frozen=True, eq=False)
class Engine:
    """What answers: one release as of one epoch. Never changed; threads may share it."""

    plan: Plan
    release: str
    epoch: int
    recommender: Recommender
    shelf: Shelf

    @property
    def shards(self) -> tuple[int, ...]:
        """Return the shards whose adapters are mixed."""
        return self.recommender.mixture.shards

    def known(self, history: Sequence[Reaction]) -> tuple[Reaction, ...]:
        """Return the latest reactions to items of the catalogue, as many as training looks at."""
        found = [reaction for reaction in history if reaction.item in self.shelf.catalogue]
        return tuple(found[-self.plan.config["training"]["history_size"] :])

    def probabilities(
        self, history: tuple[Reaction, ...], items: Sequence[str], placed: Sequence[Reaction]
    ) -> npt.NDArray[np.float64]:
        """Return the probability that the subject likes each item: float64 [len(items)].

        `placed` are those of its records that the counts hold.
        """
        return self.recommender.probabilities(history, items, placed)


_lock = threading.Lock()
_current: Engine | None = None
_watcher: threading.Thread | None = None


def live_engine() -> Engine:
    """Return the engine of the live release, built anew after each switch.

    The catalogue is the one at the switch: items that come later wait for the next. Raises
    `NoReleaseError` or `IncompleteReleaseError`.
    """
    global _current
    release, epoch = live_release()
    if release is None:
        raise NoReleaseError
    with _lock:
        if _current is None or (_current.release, _current.epoch) != (release.digest, epoch):
            _current = None  # what is quarantined leaves the memory even if the next one fails
            _current = _build(release, epoch)
            _watch()
        return _current


def _watch() -> None:
    """See to it that the engine leaves the memory after a switch, also if nobody asks any more."""
    global _watcher
    if settings.FORGET_SECONDS and not (_watcher and _watcher.is_alive()):
        _watcher = threading.Thread(target=_forget_when_switched, name="forget", daemon=True)
        _watcher.start()


def _forget_when_switched() -> None:
    """Look every few seconds; the next engine brings a watcher of its own."""
    while True:
        time.sleep(settings.FORGET_SECONDS)
        try:
            release, epoch = live_release()
        except DatabaseError:
            continue  # without the database nothing is answered either
        finally:
            connection.close()
        if _forget_unless(release.digest if release else "", epoch):
            return


def _forget_unless(release: str, epoch: int) -> bool:
    """Drop the engine unless it is of this release and epoch; tell whether none is left."""
    global _current, _watcher
    with _lock:
        if _current is not None and (_current.release, _current.epoch) != (release, epoch):
            _current = None
        if _current is None:
            _watcher = None
        return _current is None


def _build(release: Release, epoch: int) -> Engine:
    determinism.configure()
    served = list(release.checkpoints.select_related("adapter"))
    for checkpoint in served:
        if checkpoint.quarantined_at or checkpoint.destroyed_at:
            raise IncompleteReleaseError(
                f"The checkpoint of {checkpoint.adapter} is out of service."
            )
    try:
        calibrator = Calibrator.from_dict(calibrator_of(release))
    except FittedCalibrator.DoesNotExist:
        raise IncompleteReleaseError("The release's calibrator is out of service.") from None
    _require_errors(release)
    who = recommender(release.plan, served, calibrator)
    return Engine(
        plan=release.plan,
        release=release.digest,
        epoch=epoch,
        recommender=who,
        shelf=Shelf(who.catalogue, who.counts),
    )


def _require_errors(release: Release) -> None:
    """Raise `IncompleteReleaseError` unless the error matrix is the one that was released."""
    released = {entry["adapter"]: entry["errors"] for entry in release.manifest["shards"]}
    found = error_digests(release.plan, list(released))
    for weights, digest in released.items():
        if digest is not None and found[weights] != digest:
            raise IncompleteReleaseError(
                f"The errors of the weights {weights} are not those released. Restore the database "
                "from a back-up, or delete these error rows and run `manage.py refresh`."
            )
