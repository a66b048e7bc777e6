"""The Celery application: `celery -A workers.app worker`."""

import os
from typing import Any

from celery import Celery
from kombu.transport import sqlalchemy

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "compliance.settings")

from django.conf import settings

# None where a refresh is only asked for by `manage.py refresh`.
REFRESHES = (
    {"refresh": {"task": "workers.tasks.refresh", "schedule": settings.REFRESH_HOURS * 3600}}
    if settings.REFRESH_HOURS
    else {}
)

LIGHT = {"queue": "notify"}  # where no training is in the way
# How long a message is worth anything: the next sweep wakes again. So none pile up while a worker
# is busy or away. Longer than the clocks of two hosts may differ.
STALE_SECONDS = 600
# The transport over the embedded Postgres polls. It takes this from nowhere else.
sqlalchemy.Transport.polling_interval = 0.2


def transport_options(url: str) -> dict[str, Any]:
    """Return what bounds each call of a broker: a request that wakes workers waits for it."""
    if url.startswith("sqla"):
        return {}  # they would reach SQLAlchemy, which refuses them; Postgres has limits of its own
    retries = {"max_retries": 1, "interval_start": 0.2}
    if url.startswith("redis"):
        return retries | {
            "socket_connect_timeout": 4,
            "socket_timeout": 5,
            "socket_keepalive": True,
        }
    return retries | {"write_timeout": 10}


app = Celery("lethe", broker=settings.CELERY_BROKER_URL, include=["workers.tasks"])
app.conf.update(
    task_ignore_result=True,
    task_default_queue="default",
    task_serializer="json",
    accept_content=["json"],
    # A message only wakes. If it is lost the sweeper finds the job, so it is taken at once and
    # never delivered twice: neither RabbitMQ's consumer timeout nor Redis' visibility timeout
    # runs while a job does.
    task_acks_late=False,
    worker_prefetch_multiplier=1,
    broker_transport_options=transport_options(settings.CELERY_BROKER_URL),
    broker_connection_retry_on_startup=True,
    worker_hijack_root_logger=False,
    worker_enable_remote_control=False,
    timezone="UTC",
    beat_schedule={
        "sweep": {
            "task": "workers.tasks.sweep",
            "schedule": settings.SWEEP_SECONDS,
            "options": LIGHT | {"expires": STALE_SECONDS},
        },
        "forget": {"task": "workers.tasks.forget", "schedule": 3600, "options": LIGHT},
        "expire": {"task": "workers.tasks.expire", "schedule": 3600, "options": LIGHT},
        "retain": {"task": "workers.tasks.retain", "schedule": 24 * 3600, "options": LIGHT},
        **REFRESHES,
    },
)
