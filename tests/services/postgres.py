"""A database on a real server, set up by the words of docs/operate.md, and removed afterwards."""

import os
import re
import secrets
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import conninfo, sql

from tests.services.errors import ServiceError

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs" / "operate.md"
MARK = "made by the tests of Lethe, which remove it"
ROLES = ["lethe_owner", "lethe_app"]
LOCK = 0x1E74E


@contextmanager
def server(url: str) -> Iterator["Server"]:
    """Yield the server of a superuser's `url`, with Lethe's roles; it is left as it was found.

    The roles have the product's names, of which a server has one set: runs wait for one another.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        _remove(connection)  # what a killed run left
        try:
            yield Server(connection, url)
        finally:
            _remove(connection)


class Server:
    """Makes databases in the words of the page, the roles with the first of them."""

    def __init__(self, connection: psycopg.Connection, url: str) -> None:
        self._connection, self._url = connection, url
        self._page = PAGE.read_text(encoding="utf-8")
        self._passwords = {role: secrets.token_hex(16) for role in ROLES}
        statements = _statements(self._page)
        self._of_roles = [one for one in statements if one.startswith("CREATE ROLE")]
        self._of_database = [one for one in statements if one not in self._of_roles]
        for statement, role in zip(self._of_roles, ROLES, strict=True):
            connection.execute(_ours(statement, "", self._passwords))
            connection.execute(f"COMMENT ON ROLE {role} IS '{MARK}'")

    def database(self, suffix: str) -> dict[str, str]:
        """Make a database, migrated, and return the environment that leads to it."""
        name = f"lethe_test_{os.getpid()}_{suffix}"
        for statement in self._of_database:
            self._connection.execute(_ours(statement, name, self._passwords))
        ours = conninfo.make_conninfo(self._url, dbname=name)
        psql = shlex.split(_found(r"^    (psql -d lethe .*)$", self._page))
        _run([ours if word == "lethe" else word for word in [*psql, "-q", "-v", "ON_ERROR_STOP=1"]])
        environment = {
            "LETHE_TEST_SUPERUSER": ours,
            "DATABASE_URL": self._address("lethe_app", name),
            "DATABASE_OWNER_URL": self._address("lethe_owner", name),
        }
        migrate = _found(r"`(manage\.py migrate --[^`]*)`", self._page)
        with tempfile.TemporaryDirectory() as var:
            more = {"LETHE_VAR": var, "CELERY_BROKER_URL": "memory://"}
            _run([sys.executable, *shlex.split(migrate)], **environment, **more)
        return environment

    def _address(self, role: str, name: str) -> str:
        info = self._connection.info
        return f"postgresql://{role}:{self._passwords[role]}@{info.host}:{info.port}/{name}"


def _statements(page: str) -> list[str]:
    """Return the SQL that the page tells a superuser to run, one statement after the other."""
    block = _found(r"```sql\n(CREATE ROLE [^`]*)```", page)
    return [one.strip() for one in block.split(";") if one.strip()]


def _ours(statement: str, name: str, passwords: dict[str, str]) -> sql.SQL:
    """Put this run's database and passwords where the page has its examples."""
    for role, password in passwords.items():
        statement = re.sub(rf"({role} .*PASSWORD) '\.\.\.'", rf"\1 '{password}'", statement)
    return sql.SQL(re.sub(r"\bDATABASE lethe\b", f"DATABASE {name}", statement))  # type: ignore[arg-type]


def _found(pattern: str, page: str) -> str:
    found = re.search(pattern, page, re.MULTILINE)
    if found is None:
        raise ServiceError(f"{PAGE} does not say any more what {pattern!r} looks for.")
    return found[1]


def _run(command: list[str], **environment: str) -> None:
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ServiceError(f"{shlex.join(command[-4:])} failed: {done.stderr.strip()}")


def _remove(connection: psycopg.Connection) -> None:
    """Drop a run's roles and databases; refuse where the roles are not a run's."""
    comments = dict(
        connection.execute(
            "SELECT rolname, shobj_description(oid, 'pg_authid') FROM pg_roles"
            " WHERE rolname = ANY(%s)",
            [ROLES],
        ).fetchall()
    )
    for role in comments:
        if comments[role] != MARK:
            raise ServiceError(
                f"The server has a role {role} that no test made: a Lethe may live there. "
                "Name another server in LETHE_TEST_POSTGRES."
            )
    databases = connection.execute(
        "SELECT datname FROM pg_database JOIN pg_roles ON pg_roles.oid = datdba"
        " WHERE rolname = ANY(%s)",
        [ROLES],
    ).fetchall()
    for (name,) in databases:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
    for role in comments:
        connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))
