"""Wake a worker when a job has been queued. If the broker is away, the sweeper does it later."""

import logging
from typing import Any

from compliance.jobs.models import Queue
from compliance.jobs.signals import job_queued
from workers.app import STALE_SECONDS, app

logger = logging.getLogger(__name__)


def connect() -> None:
    """Listen for queued jobs."""
    job_queued.connect(wake, dispatch_uid="workers.waking.wake")


def wake(*, queue: Queue, **_: Any) -> None:
    """Tell the workers of `queue` that there is something to do."""
    try:
        # By name: the task's own module loads the model, which a web process may not need.
        app.send_task(
            "workers.tasks.work",
            args=(queue.value,),
            queue=queue.value,
            expires=STALE_SECONDS,
            # Once: the connection may be one that the broker has closed since the last time.
            retry_policy={"max_retries": 1, "interval_start": 0},
        )
    except Exception as error:  # kombu raises whatever its transport raises
        logger.warning("The broker took no wake-up call (%s); the sweeper will.", type(error))
