"""Which function does which kind of job, and what becomes of those who wait when it fails."""

from collections.abc import Callable
from dataclasses import dataclass

from compliance.erasure.following import CERTIFY
from compliance.jobs.models import Job
from compliance.provenance.adapters import REPLAY, TRAIN
from compliance.provenance.releases import REFIT
from workers import certifying, refitting, training
from workers.work import Work


@dataclass(frozen=True)
class Handler:
    """`run` does the job and ends its lease; `failed` is called in the failure's transaction."""

    run: Callable[[Work], None]
    failed: Callable[[Job], None]


HANDLERS = {
    TRAIN: Handler(run=training.train, failed=training.failed),
    REPLAY: Handler(run=training.replay, failed=training.failed),
    REFIT: Handler(run=refitting.refit, failed=refitting.failed),
    CERTIFY: Handler(run=certifying.certify, failed=certifying.failed),
}
