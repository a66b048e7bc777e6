"""A broker that is away or silent holds up nobody: waking is given up, the sweeper does it."""

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest
from django.conf import settings

from workers.app import app

WAKE = """
import time, django
django.setup()
from compliance.jobs.models import Queue
from workers.waking import wake
began = time.monotonic()
wake(queue=Queue.TRAIN)
print(time.monotonic() - began)
"""


@contextlib.contextmanager
def port(*, listening: bool) -> Iterator[int]:
    """Yield a port that takes connections and says nothing, or one that refuses them."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        if listening:
            server.listen()
        yield server.getsockname()[1]


@pytest.mark.parametrize(("listening", "seconds"), [(False, 5), (True, 15)])
def test_waking_is_given_up(listening: bool, seconds: float):
    with port(listening=listening) as number:
        started = [
            subprocess.Popen(
                [sys.executable, "-c", WAKE],
                env=os.environ | {"CELERY_BROKER_URL": f"{scheme}://127.0.0.1:{number}/0"},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for scheme in ("redis", "amqp")
        ]
        try:
            ended = [process.communicate(timeout=60) for process in started]
        finally:
            for process in started:
                process.kill()
    for printed, logged in ended:
        assert "The broker took no wake-up call" in logged
        assert float(printed) < seconds


def test_the_embedded_broker_is_asked_often():
    if not settings.CELERY_BROKER_URL.startswith("sqla"):
        pytest.skip("another broker is in use")
    assert app.connection_for_read().transport.polling_interval == 0.2


def test_messages_are_acknowledged_before_the_work_and_go_stale():
    assert not app.conf.task_acks_late
    sweep = app.conf.beat_schedule["sweep"]
    assert sweep["options"] == {"queue": "notify", "expires": 600}
