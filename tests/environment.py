"""A real Postgres for the tests, started before Django reads its settings (`-p` in pyproject).

Tests run as the application's role, which owns no table. Each session has a database, keys and
artefacts of its own, so that two sessions can run side by side.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from compliance import embedded

ROOT = Path(__file__).resolve().parent.parent
DATABASE = f"lethe_test_{os.getpid()}"

server = embedded.start(ROOT / "var" / "test", durable=False, database=DATABASE)
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
    """Remove this session's database."""
    with embedded.Embedded(ROOT / "var" / "test", "postgres").superuser() as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{DATABASE}" WITH (FORCE)')
