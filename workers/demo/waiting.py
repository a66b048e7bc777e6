"""Follow a request through retraining, replay and certificate, as the worker processes do them."""

import time

from rich.console import Console
from rich.progress import Progress, TaskID

from compliance.erasure.following import CERTIFY
from compliance.erasure.models import ErasureRequest
from compliance.erasure.states import FINAL_STATES, State
from compliance.jobs.models import Job, JobState
from compliance.provenance.adapters import REPLAY, TRAIN
from workers.progress import POLL_SECONDS, bars
from workers.supervisor import Supervisor

PATIENCE_SECONDS = 1800
STAGES = {TRAIN: "Retraining", REPLAY: "Replaying", CERTIFY: "Certifying"}


class RequestStuckError(RuntimeError):
    """The request has failed, or nothing has happened for too long."""


def follow_request(
    console: Console, request: ErasureRequest, supervisor: Supervisor
) -> ErasureRequest:
    """Show the work on `request` until it is completed; raise `RequestStuckError` if it fails."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    with bars(console) as progress:
        tasks = {kind: progress.add_task(name, total=None) for kind, name in STAGES.items()}
        while request.status not in FINAL_STATES:
            supervisor.check()
            if request.status is State.FAILED or time.monotonic() > deadline:
                raise RequestStuckError(f"{request} is {request.state}. {_errors(request)}")
            _copy(progress, tasks, request)
            time.sleep(POLL_SECONDS)
            request.refresh_from_db()
        _copy(progress, tasks, request)
    return request


def _targets(request: ErasureRequest) -> list[str]:
    successors = [touched.successor() for touched in request.touched.select_related("plan")]
    return [str(request.pk), *(str(adapter.pk) for adapter in successors if adapter)]


def _copy(progress: Progress, tasks: dict[str, TaskID], request: ErasureRequest) -> None:
    for job in Job.objects.filter(kind__in=tasks, target__in=_targets(request)):
        total = job.progress_total or 1
        done = total if job.state == JobState.SUCCEEDED else job.progress_done
        progress.update(tasks[job.kind], completed=done, total=total)


def _errors(request: ErasureRequest) -> str:
    jobs = Job.objects.filter(target__in=_targets(request)).exclude(error="")
    return " ".join(f"{job}: {job.error}" for job in jobs) or "See the logs of the workers."
