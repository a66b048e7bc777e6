"""The Celery tasks. They are thin: a message wakes a worker, and Postgres says what to do."""

from compliance.accounts.throttling import throttle_purge
from compliance.datamap.retention import retention_run
from compliance.erasure.services import requests_expire
from compliance.jobs.models import Queue
from workers.app import app
from workers.runner import run_due, sweep_lost


@app.task
def work(queue: str) -> None:
    """Do all due jobs of a queue. Sent when a job is queued; finding none is fine."""
    run_due([Queue(queue)])


@app.task
def refresh() -> None:
    """Queue the intake of what has come since the last time. Sent by the clock."""
    from workers.refreshing import refresh_enqueue  # it loads the model, which delivering needs not

    refresh_enqueue()


@app.task
def sweep() -> None:
    """Find jobs whose worker is gone, and wake workers for all that is due. Sent by the clock."""
    sweep_lost()


@app.task
def forget() -> None:
    """Remove counters of attempts whose window has ended. Sent by the clock."""
    throttle_purge()


@app.task
def expire() -> None:
    """End requests whose identity was never proven. Sent by the clock."""
    requests_expire()


@app.task
def retain() -> None:
    """Clear or remove what is past its time. Sent by the clock."""
    retention_run()
