"""Run what goes through worker processes on servers that are not ours, once for each broker.

    python -m tests.services [--ask]

`--ask` runs nothing: it exits with 0 where all three servers answer. They are named by
LETHE_TEST_POSTGRES (a superuser's address), LETHE_TEST_REDIS and LETHE_TEST_RABBITMQ.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import psycopg
from kombu import Connection
from redis import Redis

from tests.services.brokers import rabbitmq_vhost, rabbitmqctl, redis_database
from tests.services.errors import ServiceError
from tests.services.postgres import ROOT, database

POSTGRES = os.environ.get("LETHE_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")
REDIS = os.environ.get("LETHE_TEST_REDIS", "redis://127.0.0.1:6379")
RABBITMQ = os.environ.get("LETHE_TEST_RABBITMQ", "amqp://guest:guest@127.0.0.1:5672")
BROKERS: dict[str, Callable[[], AbstractContextManager[str]]] = {
    "Redis": lambda: redis_database(REDIS),
    "RabbitMQ": lambda: rabbitmq_vhost(RABBITMQ),
}
TESTS = (
    *("tests/services", "tests/workers", "tests/jobs", "tests/races"),
    "tests/erasure/test_guards.py",
)


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
    """Run the tests on Postgres with each broker; return 1 if any failed."""
    codes = {}
    for name, borrowed in BROKERS.items():
        with database(POSTGRES) as environment, borrowed() as broker:
            began = time.monotonic()
            print(f"== PostgreSQL and {name}", flush=True)
            codes[name] = _pytest(tests, environment | {"CELERY_BROKER_URL": broker})
            print(f"== PostgreSQL and {name}: {time.monotonic() - began:.0f} s", flush=True)
    return int(any(codes.values()))


def _pytest(tests: list[str], environment: dict[str, str]) -> int:
    command = [sys.executable, "-m", "pytest", "-q", *tests]
    return subprocess.run(command, cwd=ROOT, env=os.environ | environment, check=False).returncode


def main(arguments: list[str]) -> int:
    """Ask, or run all tests or those that are named."""
    missing = list(silent())
    for line in missing:
        print(line, file=sys.stderr)
    if missing or arguments == ["--ask"]:
        return int(bool(missing))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # and so clean up
    try:
        return run(arguments or list(TESTS))
    except ServiceError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
