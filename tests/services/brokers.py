"""A part of a real broker of one's own: looked into, emptied, disconnected, removed afterwards."""

import contextlib
import json
import os
import subprocess
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from amqp.exceptions import NotFound
from kombu import Connection
from redis import Redis

from compliance.embedded import QUEUES
from tests.services.errors import ServiceError

CLAIM = "claimed-by-the-tests-of-lethe"


class RedisBroker:
    """One database of a Redis server."""

    def __init__(self, url: str) -> None:
        self._redis: Any = Redis.from_url(url)
        self._number = urlsplit(url).path.strip("/")

    def raw(self) -> list[bytes]:
        """Return all that waits, as the broker holds it."""
        return [each for queue in QUEUES for each in self._redis.lrange(queue, 0, -1)]

    def read(self, raw: bytes) -> tuple[str, list[Any]]:
        """Return the message in plain text, and the arguments of its task."""
        body = b64decode(json.loads(raw)["body"]).decode()
        return raw.decode() + body, json.loads(body)[0]

    def lose(self) -> None:
        """Lose all that waits."""
        self._redis.delete(*QUEUES)

    def disconnect(self) -> int:
        """Close everybody else's connections to this database; return how many those were."""
        own = self._redis.client_id()
        here = [int(one["id"]) for one in self._redis.client_list() if one["db"] == self._number]
        return sum(self._redis.client_kill_filter(_id=one) for one in here if one != own)


class RabbitBroker:
    """One virtual host of a RabbitMQ server."""

    def __init__(self, url: str) -> None:
        self._url, self._vhost = url, urlsplit(url).path[1:]

    def raw(self) -> list[bytes]:
        """Return all that waits, with its headers; it waits again afterwards."""
        return [
            json.dumps([message.body, message.properties], default=repr).encode()
            for channel, queue in self._queues()
            for message in iter(lambda: channel.basic_get(queue), None)  # noqa: B023
        ]

    def read(self, raw: bytes) -> tuple[str, list[Any]]:
        """Return the message in plain text, and the arguments of its task."""
        return raw.decode(), json.loads(json.loads(raw)[0])[0]

    def lose(self) -> None:
        """Lose all that waits."""
        for channel, queue in self._queues():
            channel.queue_purge(queue)

    def disconnect(self) -> int:
        """Close all connections to this virtual host; return how many those were."""
        names = rabbitmqctl("list_connections", "vhost", "--no-table-headers").split()
        rabbitmqctl("close_all_connections", "--vhost", self._vhost, "closed by a test")
        return names.count(self._vhost)

    def _queues(self) -> Iterator[tuple[Any, str]]:
        """Yield a channel, and a queue that is there; what the channel has got it gives back."""
        for queue in QUEUES:
            with Connection(self._url) as connection, contextlib.suppress(NotFound):
                channel = connection.default_channel
                channel.queue_declare(queue, passive=True)
                yield channel, queue


def broker(url: str) -> RedisBroker | RabbitBroker:
    """Return the part of the broker that `url` names."""
    return (RedisBroker if url.startswith("redis") else RabbitBroker)(url)


@contextmanager
def redis_database(url: str) -> Iterator[str]:
    """Yield the address of a database that was empty; it is emptied again at the end."""
    for number in range(15, -1, -1):
        ours = urlunsplit(urlsplit(url)._replace(path=f"/{number}"))
        server: Any = Redis.from_url(ours)
        if server.dbsize() == 0 and server.set(CLAIM, os.getpid(), nx=True):
            break
        server.close()
    else:
        raise ServiceError("No database of the Redis server is empty. Empty one of the sixteen.")
    try:
        yield ours
    finally:
        server.flushdb()
        server.close()


@contextmanager
def rabbitmq_vhost(url: str) -> Iterator[str]:
    """Yield the address of a new virtual host; it is deleted at the end."""
    name = f"lethe-test-{os.getpid()}"
    rabbitmqctl("add_vhost", name)
    try:
        user = urlsplit(url).username or "guest"
        rabbitmqctl("set_permissions", "-p", name, user, ".*", ".*", ".*")
        yield urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
    finally:
        rabbitmqctl("delete_vhost", name)


def rabbitmqctl(*arguments: str) -> str:
    """Run RabbitMQ's own program, which only its user and root may do."""
    command = ["rabbitmqctl", "--quiet", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ServiceError(f"{' '.join(command)} failed: {done.stderr.strip()}")
    return done.stdout
