"""A real Postgres for the tests, started before Django reads its settings (`-p` in pyproject).

Tests run as the application's role, which owns no table. Each session has a database, keys and
artefacts of its own, so that two sessions can run side by side. `tests.services` gives a session
servers that are not ours; what DATABASE_URL names is never touched otherwise.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import psycopg

from compliance import embedded

ROOT = Path(__file__).resolve().parent.parent
DATABASE = f"lethe_test_{os.getpid()}"
SUPERUSER = "LETHE_TEST_SUPERUSER"  # the address of a database that stands ready


class Given:
    """A database, and a broker, that `tests.services` has made and will remove."""

    def superuser(self) -> psycopg.Connection:
        return psycopg.connect(os.environ[SUPERUSER], autocommit=True)

    def environment(self) -> dict[str, str]:
        return {}  # it has set that itself


server: Given | embedded.Embedded = (
    Given()
    if SUPERUSER in os.environ
    else embedded.start(ROOT / "var" / "test", durable=False, database=DATABASE)
)
VAR = Path(tempfile.mkdtemp(prefix="lethe-test-"))
os.environ |= server.environment() | {
    "LETHE_VAR": str(VAR),
    "LETHE_JOB_LEASE_SECONDS": "4",
    "LETHE_SWEEP_SECONDS": "1",
    "LETHE_FORGET_SECONDS": "0",  # a test that wants a watcher sets it
    "LETHE_ISSUER": "urn:lethe:test",
    "HF_HUB_OFFLINE": "1",
}


@atexit.register
def _clean_up() -> None:
    shutil.rmtree(VAR, ignore_errors=True)


def drop_database() -> None:
    """Remove this session's database, unless it was given."""
    if isinstance(server, Given):
        return
    with embedded.Embedded(ROOT / "var" / "test", "postgres").superuser() as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{DATABASE}" WITH (FORCE)')
