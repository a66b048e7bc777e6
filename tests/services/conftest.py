"""These tests need servers that are not ours: `python -m tests.services` brings them."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.environment import SUPERUSER
from tests.services.brokers import RabbitBroker, RedisBroker
from tests.services.brokers import broker as broker_of
from tests.workers.conftest import plan

__all__ = ["plan"]
collect_ignore_glob = [] if SUPERUSER in os.environ else ["test_*.py"]


@pytest.fixture
def broker() -> RedisBroker | RabbitBroker:
    """The broker, with nothing in it."""
    found = broker_of(os.environ["CELERY_BROKER_URL"])
    found.lose()
    return found


@contextlib.contextmanager
def scheduler(folder: Path) -> Iterator[None]:
    """Run the scheduler as it runs in production."""
    command = [sys.executable, "-m", "celery", "-A", "workers.app", "beat"]
    process = subprocess.Popen(
        [*command, "-s", str(folder / "schedule"), "--loglevel", "warning"], start_new_session=True
    )
    try:
        yield
    finally:
        process.kill()
        process.wait()


def until(condition: Callable[[], bool], *, seconds: float = 90) -> None:
    """Wait until `condition` holds. Nobody sweeps here: that is the scheduler's to do."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "It did not come about in time."
        time.sleep(0.1)
