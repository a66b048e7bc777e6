"""The Celery tasks. They are thin: a message wakes a worker, and Postgres says what to do."""

from compliance.jobs.models import Queue
from workers.app import app
from workers.refreshing import refresh_enqueue
from workers.runner import run_due, sweep_lost


@app.task
def work(queue: str) -> None:
    """Do all due jobs of a queue. Sent when a job is queued; finding none is fine."""
    run_due([Queue(queue)])


@app.task
def refresh() -> None:
    """Queue the intake of what has come since the last time. Sent by the clock."""
    refresh_enqueue()


@app.task
def sweep() -> None:
    """Find jobs whose worker is gone, and wake workers for all that is due. Sent by the clock."""
    sweep_lost()
