"""Run what goes through worker processes on servers that are not ours, with each broker.

    python -m tests.services [--ask]

`--ask` runs nothing: it exits with 0 where all three servers answer. They are named by
LETHE_TEST_POSTGRES (a superuser's address), LETHE_TEST_REDIS and LETHE_TEST_RABBITMQ.
"""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import IO

import psycopg
from kombu import Connection
from redis import Redis

from tests.services.brokers import rabbitmq_vhost, rabbitmqctl, redis_database
from tests.services.errors import ServiceError
from tests.services.postgres import ROOT, server

POSTGRES = os.environ.get("LETHE_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")
REDIS = os.environ.get("LETHE_TEST_REDIS", "redis://127.0.0.1:6379")
RABBITMQ = os.environ.get("LETHE_TEST_RABBITMQ", "amqp://guest:guest@127.0.0.1:5672")


@dataclass(frozen=True)
class Session:
    """One run of pytest beside the others: its broker and its tests."""

    borrowed: Callable[[], AbstractContextManager[str]]
    tests: tuple[str, ...]


WORKERS = (
    *("tests/services", "tests/workers/test_erasure.py", "tests/workers/test_killed_batch.py"),
    "tests/jobs/test_killed_worker.py",
)
# What starts worker processes runs with each broker; what asks only Postgres runs once.
SESSIONS = {
    "Redis": Session(lambda: redis_database(REDIS), (*WORKERS, "tests/workers/test_new_plan.py")),
    "RabbitMQ": Session(
        lambda: rabbitmq_vhost(RABBITMQ),
        (*WORKERS, "tests/races", "tests/erasure/test_guards.py"),
    ),
}


def silent() -> Iterator[str]:
    """Yield which server does not answer, and why."""
    asks: dict[str, Callable[[], object]] = {
        "LETHE_TEST_POSTGRES": lambda: psycopg.connect(POSTGRES, connect_timeout=5).close(),
        "LETHE_TEST_REDIS": lambda: Redis.from_url(REDIS, socket_connect_timeout=5).ping(),
        "LETHE_TEST_RABBITMQ": _ask_rabbitmq,
    }
    for name, ask in asks.items():
        try:
            ask()
        except Exception as error:  # whatever the three clients raise
            yield f"{name}: {type(error).__name__}: {' '.join(str(error).split())[:200]}"


def _ask_rabbitmq() -> None:
    with Connection(RABBITMQ, connect_timeout=5) as connection:
        connection.ensure_connection(max_retries=1)
    rabbitmqctl("ping")


def run(tests: list[str]) -> int:
    """Run each session's tests, or `tests`, side by side; return 1 if any failed."""
    with ExitStack() as stack:
        roles = stack.enter_context(server(POSTGRES))
        runs = {}
        for name, session in SESSIONS.items():
            environment = roles.database(name.lower())
            environment["CELERY_BROKER_URL"] = stack.enter_context(session.borrowed())
            output = stack.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8"))
            runs[name] = (_pytest(tests or session.tests, environment, output), output)
            stack.callback(_end, runs[name][0])
        return max(_ended(name, *each) for name, each in runs.items())


def _pytest(
    tests: Sequence[str], environment: dict[str, str], output: IO[str]
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "pytest", "-q", *tests],
        cwd=ROOT,
        env=os.environ | environment,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # it is told to end by `_end` alone
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    """Interrupt a session that still runs, so that it ends its own worker processes."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        process.wait()


def _ended(name: str, process: subprocess.Popen[bytes], output: IO[str]) -> int:
    """Wait for a session's end and print what it said; return 1 if it failed."""
    code = process.wait()
    output.seek(0)
    print(f"== PostgreSQL and {name}\n{output.read()}", flush=True)
    return int(code != 0)


def main(arguments: list[str]) -> int:
    """Ask, or run all tests or those that are named."""
    missing = list(silent())
    for line in missing:
        print(line, file=sys.stderr)
    if missing or arguments == ["--ask"]:
        return int(bool(missing))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # and so clean up
    signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background it is ignored
    try:
        return run(arguments)
    except ServiceError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
