"""A worker killed after sending and before writing it down: the receiver hears it again."""

import contextlib
import os
import signal
import subprocess
import sys

import psycopg
import pytest
from django.db import connection, transaction

from compliance.jobs.endpoints import endpoint_create
from compliance.jobs.models import Job, MessageState, OutboxMessage
from compliance.jobs.outbox import webhook_enqueue
from tests.jobs.conftest import REQUEST
from tests.jobs.receiver import receiving
from tests.workers.conftest import wait_for


@contextlib.contextmanager
def notify_worker():
    command = [sys.executable, "-m", "celery", "-A", "workers.app", "worker"]
    options = ["--pool", "threads", "--concurrency", "2", "-Q", "notify", "--loglevel", "warning"]
    process = subprocess.Popen(
        [*command, *options, "-n", "notify-test@%h"],
        env=os.environ | {"LETHE_ALLOW_PRIVATE_WEBHOOKS": "true"},
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def nothing_noted():
    """Hold the table of messages, so that no worker can write down how a delivery went."""
    settings = connection.settings_dict
    with psycopg.connect(
        host=settings["HOST"] or settings["OPTIONS"].get("host"),
        port=settings["PORT"] or None,
        user=settings["USER"],
        password=settings["PASSWORD"] or None,
        dbname=settings["NAME"],
    ) as other:
        other.execute("LOCK TABLE jobs_outboxmessage IN SHARE MODE")
        yield


@pytest.fixture(autouse=True)
def private(settings, committed_db):
    settings.ALLOW_PRIVATE_WEBHOOKS = True


def test_a_killed_workers_message_is_delivered_again_under_the_same_id():
    with receiving() as receiver:
        endpoint, _ = endpoint_create(name="shop", url=receiver.url)
        with transaction.atomic():
            message = webhook_enqueue(about=REQUEST, topic="t", body=b"{}", endpoint=endpoint)
        with nothing_noted(), notify_worker() as worker:
            wait_for(lambda: len(receiver.got) == 1)
            worker.send_signal(signal.SIGKILL)
            worker.wait()
        message.refresh_from_db()
        assert message.state == MessageState.QUEUED
        assert not message.attempts.exists()
        with notify_worker():
            wait_for(lambda: OutboxMessage.objects.get().state == MessageState.DELIVERED)
    ids = {headers["webhook-id"] for _, headers, _ in receiver.got}
    assert len(receiver.got) == 2
    assert ids == {str(message.pk)}
    assert message.attempts.count() == 1
    assert Job.objects.get().attempts == 2
