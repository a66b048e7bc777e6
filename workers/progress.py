"""Progress bars for work that several processes share: what they do is read from the job rows."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

from django.db import connection
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from compliance.jobs.models import Job, JobState, Queue
from compliance.provenance.adapters import TRAIN
from compliance.provenance.models import OPEN_ADAPTER_STATES, Adapter, AdapterState
from compliance.provenance.releases import REFIT

POLL_SECONDS = 0.5


class RateColumn(ProgressColumn):
    """Units a second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f}/s" if task.speed else "", style="progress.data.speed")


def bars(console: Console) -> Progress:
    """Return bars with count, rate, elapsed and remaining time."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description:<28}"),
        BarColumn(),
        MofNCompleteColumn(),
        RateColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
    )


def follow_training(console: Console, adapters: list[Adapter]) -> list[str]:
    """Show the training of `adapters` until all have ended, doing due jobs in this process too.

    Returns what went wrong, empty if nothing did.
    """
    logging.getLogger("workers").setLevel(logging.WARNING)  # the bars tell it better
    if not adapters:
        console.print("Every shard is in line with its records: nothing to train.")
        return _settle(console)
    # By shard: a training that another environment had begun goes on as the next generation.
    waiting = Adapter.objects.filter(
        plan=adapters[0].plan,
        shard__in=[adapter.shard for adapter in adapters],
        state__in=OPEN_ADAPTER_STATES,
    )
    with bars(console) as progress:
        tasks = {
            adapter.pk: progress.add_task(f"Shard {adapter.shard}", total=None)
            for adapter in adapters
        }
        with _shown(progress, tasks):
            _help_while(waiting.exists)
    return [*_failures(adapters), *_settle(console)]


def _settle(console: Console) -> list[str]:
    """See to it that the release gets a calibrator of its own; return what went wrong."""
    refits = Job.objects.filter(kind=REFIT)
    with console.status("Fitting the calibrator"):
        _help_while(refits.filter(state__in=[JobState.QUEUED, JobState.RUNNING]).exists)
    last = refits.order_by("created_at").last()
    if last and last.state == JobState.FAILED:
        return [f"The calibrator could not be fitted: {last.error}"]
    return []


def _help_while(waiting: Callable[[], bool]) -> None:
    """Run training jobs here until the workers have nothing left either of what is waited for."""
    from workers.runner import run_due, sweep_lost

    while waiting():
        if not run_due([Queue.TRAIN]):
            time.sleep(POLL_SECONDS)
            sweep_lost()


@contextmanager
def _shown(progress: Progress, tasks: dict[int, TaskID]) -> Iterator[None]:
    """Copy the jobs' progress to the bars, from a thread with a connection of its own."""
    stop = Event()

    def watch() -> None:
        while not stop.wait(POLL_SECONDS):
            _copy(progress, tasks)
        _copy(progress, tasks)
        connection.close()

    thread = Thread(target=watch, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _copy(progress: Progress, tasks: dict[int, TaskID]) -> None:
    jobs = Job.objects.filter(kind=TRAIN, target__in=[str(adapter) for adapter in tasks])
    for job in jobs.order_by("created_at"):
        if job.progress_total:
            done = job.progress_total if job.state == JobState.SUCCEEDED else job.progress_done
            progress.update(tasks[int(job.target)], completed=done, total=job.progress_total)
        elif job.state == JobState.SUCCEEDED:
            progress.update(tasks[int(job.target)], completed=1, total=1)


def _failures(watched: list[Adapter]) -> list[str]:
    """Tell of the shards whose newest generation has failed."""
    failed = []
    for adapter in watched:
        generations = adapter.plan.adapters.filter(shard=adapter.shard)
        newest = generations.order_by("-generation").first()
        if newest and newest.state == AdapterState.FAILED:
            jobs = Job.objects.filter(kind=TRAIN, target=str(newest.pk), state=JobState.FAILED)
            errors = ", ".join(jobs.values_list("error", flat=True)) or "see the job of its replay"
            failed.append(f"{newest} failed: {errors}")
    return failed
