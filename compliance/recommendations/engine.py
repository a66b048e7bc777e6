"""The live release in memory: the frozen base, the served adapters and the catalogue."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from compliance.provenance.artefacts import artefact_path
from compliance.provenance.models import Checkpoint, Plan, Release
from compliance.provenance.releases import live_release
from compliance.recommendations.candidates import Shelf
from compliance.recommendations.errors import IncompleteReleaseError, NoReleaseError
from compliance.records.models import ItemEmbedding
from recmodel import determinism
from recmodel.adapter import AdapterState, load_adapter
from recmodel.base import BrokenBaseError, ItemTokenModel, load_base
from recmodel.catalogue import Catalogue
from recmodel.mixture import Mixture
from recmodel.prompts import Prompt, Reaction

# The scorer runs 8 rows at a time: that many prompts of 32 targets fill one pass.
TARGETS = 32


@dataclass(frozen=True, eq=False)
class Engine:
    """What scores: one release as of one epoch. Never changed; threads may share it."""

    plan: Plan
    release: str
    epoch: int
    mixture_name: str
    mixture: Mixture
    shelf: Shelf

    def known(self, history: Sequence[Reaction]) -> tuple[Reaction, ...]:
        """Return the latest reactions to items of the catalogue, as many as training looks at."""
        found = [reaction for reaction in history if reaction.item in self.shelf.catalogue]
        return tuple(found[-self.plan.config["training"]["history_size"] :])

    def score(self, history: tuple[Reaction, ...], items: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return one logit an item, all adapters weighing alike; float32 [len(items)]."""
        asked = [Reaction(item=item, liked=False, at="") for item in items]
        prompts = [
            Prompt(subject="", prefix=history, suffixes=tuple(asked[start : start + TARGETS]))
            for start in range(0, len(asked), TARGETS)
        ]
        logits = self.mixture.score(prompts, self.shelf.catalogue)
        return np.concatenate([np.empty(0, np.float32), *logits])


_lock = threading.Lock()
_current: Engine | None = None


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
        return _current


def _build(release: Release, epoch: int) -> Engine:
    plan = release.plan
    determinism.configure()
    base = _base(plan)
    served = release.checkpoints.select_related("adapter")
    adapters = {checkpoint.adapter.shard: _adapter(checkpoint) for checkpoint in served}
    return Engine(
        plan=plan,
        release=release.digest,
        epoch=epoch,
        mixture_name=release.manifest["mixture"],
        mixture=Mixture(base, adapters, plan.config["training"]["scope"]),
        shelf=_shelf(plan),
    )


@cache
def _shipped_base() -> ItemTokenModel:
    return load_base()


def _base(plan: Plan) -> ItemTokenModel:
    wanted = plan.config["base"]["digest"]
    try:
        base = _shipped_base()
    except BrokenBaseError as error:
        raise IncompleteReleaseError(str(error)) from error
    if base.digest != wanted:
        raise IncompleteReleaseError(
            f"The base model here is {base.digest}, the release needs {wanted}. Install the "
            "version of Lethe that made the plan, or make a new plan with `manage.py train`."
        )
    return base


def _adapter(checkpoint: Checkpoint) -> AdapterState:
    """Load a checkpoint from the artefact store and make sure that it is what was released."""
    if checkpoint.quarantined_at or checkpoint.destroyed_at:
        raise IncompleteReleaseError(f"The checkpoint of {checkpoint.adapter} is out of service.")
    what = f"The weights {checkpoint.digest} of {checkpoint.adapter}"
    try:
        state = load_adapter(artefact_path(checkpoint.digest))
    except (OSError, ValueError, KeyError) as error:
        raise IncompleteReleaseError(
            f"{what} cannot be read from the artefact store. Restore it from a back-up, or train "
            "the shard again."
        ) from error
    if state.digest != checkpoint.digest:
        raise IncompleteReleaseError(f"{what} have been changed in the artefact store.")
    return state


def _shelf(plan: Plan) -> Shelf:
    """Return the embedded items, in the order of their external ids."""
    rows = list(
        ItemEmbedding.objects.filter(encoder=plan.config["encoder"]["digest"])
        .order_by("item__external_id")
        .values_list("item_id", "item__external_id", "vector")
    )
    if not rows:
        raise IncompleteReleaseError("No item has an embedding by the plan's encoder.")
    vectors = np.frombuffer(b"".join(bytes(row[2]) for row in rows), dtype="<f4")
    catalogue = Catalogue([row[1] for row in rows], vectors.reshape(len(rows), -1))
    return Shelf(catalogue, [row[0] for row in rows])
