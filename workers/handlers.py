"""Which function does which kind of job, and what becomes of those who wait when it fails."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from compliance.erasure.batches import BATCH
from compliance.erasure.following import CERTIFY
from compliance.jobs.models import Job
from compliance.jobs.outbox import DELIVER
from compliance.provenance.adapters import REPLAY, TRAIN
from compliance.provenance.releases import REFIT
from workers.work import Work

REFRESH = "refresh"


@dataclass(frozen=True)
class Handler:
    """Two functions of a module. It is loaded when needed: what delivers mails needs no model."""

    module: str
    does: str

    @property
    def run(self) -> Callable[[Work], None]:
        """Return what does the job and ends its lease."""
        found: Callable[[Work], None] = getattr(import_module(self.module), self.does)
        return found

    @property
    def failed(self) -> Callable[[Job], None]:
        """Return what is called in the failure's transaction."""
        found: Callable[[Job], None] = import_module(self.module).failed
        return found


HANDLERS = {
    TRAIN: Handler("workers.training", "train"),
    REPLAY: Handler("workers.training", "replay"),
    REFRESH: Handler("workers.refreshing", "run"),
    REFIT: Handler("workers.refitting", "refit"),
    CERTIFY: Handler("workers.certifying", "certify"),
    BATCH: Handler("workers.batching", "run"),
    DELIVER: Handler("workers.delivering", "deliver"),
}
