"""The embedded default: a Postgres server of our own in the data folder, which is the broker too.

Every process that uses the server holds a shared `flock` on `holders.lock` beside it. The kernel
gives the lock back when a process ends, `kill -9` included, so there is no list to go stale: who
can take the lock alone is the last, and stops the server.
"""

import atexit
import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast
from urllib.parse import quote

import psycopg
from psycopg import sql

from compliance.postgres import PORT, Cluster, PostgresError, explain, socket_folder

APP, OWNER, BROKER = "lethe_app", "lethe_owner", "lethe_broker"
DATABASE = "lethe"
QUEUES = ("default", "notify", "replay", "train")
PRIVILEGES = Path(__file__).with_name("privileges.sql")
LOCK_SECONDS = 120

# kombu marks a delivered message and keeps it; nobody reads it again.
DROP_DELIVERED = """
CREATE OR REPLACE FUNCTION drop_delivered() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM kombu_message WHERE id = NEW.id;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER drop_delivered AFTER UPDATE ON kombu_message
    FOR EACH ROW WHEN (NOT NEW.visible) EXECUTE FUNCTION drop_delivered();
"""


class Embedded:
    """A hold on the server in `data_dir`. `stop()`, or the end of the process, lets go of it."""

    def __init__(self, data_dir: Path, database: str = DATABASE) -> None:
        self.data_dir = data_dir
        self.database = database
        self._cluster = Cluster(data_dir / "postgres")
        self._hold: IO[bytes] | None = None
        self._process = os.getpid()

    def environment(self) -> dict[str, str]:
        """Return DATABASE_URL, DATABASE_OWNER_URL and CELERY_BROKER_URL of this server."""
        return environment(self.data_dir, self.database)

    def superuser(self) -> psycopg.Connection:
        """Connect as the cluster's superuser: for set-up and tests, never for the application."""
        return self._cluster.connect(self.database)

    def ensure(self) -> None:
        """Start the server again if its process is gone (killed, out of memory)."""
        if not self._cluster.has_process():
            with _alone(self.data_dir):
                if not self._cluster.is_running():
                    self._cluster.start()

    def stop(self) -> None:
        """Let go; the server stops if nobody else holds it. A second call does nothing."""
        if self._hold is None or self._process != os.getpid():  # a fork shares its parent's hold
            return
        with _alone(self.data_dir):
            self._hold.close()
            self._hold = None
            _stop_if_unused(self.data_dir, self._cluster)
        atexit.unregister(self.stop)

    def __enter__(self) -> "Embedded":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _start(self, *, durable: bool) -> None:
        with _alone(self.data_dir):
            self._hold = (self.data_dir / "holders.lock").open("ab")
            fcntl.flock(self._hold, fcntl.LOCK_SH)
            try:
                if not self._cluster.is_running():
                    self._cluster.start(durable=durable)
                _create(self._cluster, self.database)
            except BaseException:
                self._hold.close()
                self._hold = None
                _stop_if_unused(self.data_dir, self._cluster)
                raise
        atexit.register(self.stop)


def start(data_dir: Path, *, durable: bool = True, database: str = DATABASE) -> Embedded:
    """Start the server in `data_dir`/postgres, or join the one that runs there.

    Any number of processes may call this at once. Roles and databases are made if missing. With
    `durable=False` a crash of the machine may lose the data: for tests. Raises PostgresError.
    """
    data_dir = data_dir.resolve()
    server_data = data_dir / "postgres"
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        server = Embedded(data_dir, database)
        server._start(durable=durable)
    except (OSError, psycopg.Error) as error:
        raise PostgresError(explain("Postgres cannot be used", str(error), server_data)) from None
    return server


def stop_if_unused(data_dir: Path) -> bool:
    """Stop a server that no process holds any more (its last one was killed); tell if it did."""
    data_dir = data_dir.resolve()
    if not (data_dir / "postgres").exists():
        return False
    with _alone(data_dir):
        return _stop_if_unused(data_dir, Cluster(data_dir / "postgres"))


def environment(data_dir: Path, database: str = DATABASE) -> dict[str, str]:
    """Return the three URLs of the server in `data_dir`, whether it runs or not."""
    host = quote(str(socket_folder(data_dir.resolve() / "postgres")), safe="/")
    place = f"?host={host}&port={PORT}"
    return {
        "DATABASE_URL": f"postgresql://{APP}@/{database}{place}",
        "DATABASE_OWNER_URL": f"postgresql://{OWNER}@/{database}{place}",
        "CELERY_BROKER_URL": f"sqla+postgresql+psycopg://{BROKER}@/{BROKER}{place}",
    }


@contextlib.contextmanager
def _alone(data_dir: Path) -> Iterator[None]:
    """Keep other processes from starting or stopping the server meanwhile."""
    with (data_dir / "start.lock").open("ab") as lock:
        deadline = time.monotonic() + LOCK_SECONDS
        while not _try_lock(lock):
            if time.monotonic() > deadline:
                raise PostgresError(f"Another process has held {lock.name} for {LOCK_SECONDS} s.")
            time.sleep(0.02)
        yield


def _try_lock(file: IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _stop_if_unused(data_dir: Path, cluster: Cluster) -> bool:
    with (data_dir / "holders.lock").open("ab") as holders:
        unused = _try_lock(holders) and (cluster.data / "postmaster.pid").exists()
        if unused:
            cluster.stop()
        return unused


def _create(cluster: Cluster, database: str) -> None:
    with cluster.connect() as connection:
        for role in (OWNER, APP, BROKER):
            if not _exists(connection, "pg_roles", "rolname", role):
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
        for name, owner in ((database, OWNER), (BROKER, BROKER)):
            if not _exists(connection, "pg_database", "datname", name):
                query = sql.SQL("CREATE DATABASE {} OWNER {}")
                connection.execute(query.format(sql.Identifier(name), sql.Identifier(owner)))
    with cluster.connect(database) as connection:
        connection.execute(PRIVILEGES.read_bytes())
    with cluster.connect(BROKER) as connection:
        ready = _exists(connection, "pg_trigger", "tgname", "drop_delivered")
    if not ready:
        _create_broker(cluster)


def _exists(connection: psycopg.Connection, table: str, column: str, value: str) -> bool:
    query = sql.SQL("SELECT FROM {} WHERE {} = %s")
    names = query.format(sql.Identifier(table), sql.Identifier(column))
    return connection.execute(names, [value]).rowcount > 0


def _create_broker(cluster: Cluster) -> None:
    """Make kombu's tables and queues: workers that start at once would race for them."""
    from kombu import Connection

    with Connection(environment(cluster.data.parent)["CELERY_BROKER_URL"]) as broker:
        for name in QUEUES:
            broker.SimpleQueue(name).close()
        session = cast(Any, broker.default_channel).session
        session.close()
        session.get_bind().dispose()
    with cluster.connect(BROKER) as connection:
        query = sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC")
        connection.execute(query.format(sql.Identifier(BROKER)))
        connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(BROKER)))
        connection.execute(DROP_DELIVERED)
