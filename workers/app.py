"""The Celery application: `celery -A workers.app worker`."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "compliance.settings")

from django.conf import settings

# None where a refresh is only asked for by `manage.py refresh`.
REFRESHES = (
    {"refresh": {"task": "workers.tasks.refresh", "schedule": settings.REFRESH_HOURS * 3600}}
    if settings.REFRESH_HOURS
    else {}
)

LIGHT = {"queue": "notify"}  # where no training is in the way

app = Celery("lethe", broker=settings.CELERY_BROKER_URL, include=["workers.tasks"])
app.conf.update(
    task_ignore_result=True,
    task_default_queue="default",
    task_serializer="json",
    accept_content=["json"],
    # A message only wakes. If it is lost the sweeper finds the job, so it is taken at once and
    # never delivered twice.
    task_acks_late=False,
    worker_prefetch_multiplier=1,
    broker_connection_retry_on_startup=True,
    worker_hijack_root_logger=False,
    worker_enable_remote_control=False,
    timezone="UTC",
    beat_schedule={
        "sweep": {"task": "workers.tasks.sweep", "schedule": settings.SWEEP_SECONDS},
        "forget": {"task": "workers.tasks.forget", "schedule": 3600, "options": LIGHT},
        "expire": {"task": "workers.tasks.expire", "schedule": 3600, "options": LIGHT},
        "retain": {"task": "workers.tasks.retain", "schedule": 24 * 3600, "options": LIGHT},
        **REFRESHES,
    },
)
