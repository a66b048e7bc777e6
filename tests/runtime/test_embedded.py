"""The embedded Postgres: shared by processes, stopped by the last, with roles that hold."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from psycopg import errors

from compliance import embedded
from compliance.postgres import PostgresError

USER = """
import sys
from pathlib import Path
from compliance import embedded
server = embedded.start(Path(sys.argv[1]), durable=False)
print("joined", flush=True)
sys.stdin.read()
server.stop()
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("embedded")


@pytest.fixture(scope="module")
def server(folder):
    with embedded.start(folder, durable=False) as server:
        yield server


@pytest.fixture
def app(server):
    with psycopg.connect(server.environment()["DATABASE_URL"], autocommit=True) as connection:
        yield connection


@pytest.fixture
def owner(server):
    url = server.environment()["DATABASE_OWNER_URL"]
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def table(owner):
    owner.execute("CREATE TABLE thing (id bigserial PRIMARY KEY, name text)")
    yield "thing"
    owner.execute("DROP TABLE thing")


def another_user(folder):
    return subprocess.Popen(
        [sys.executable, "-c", USER, str(folder)],
        cwd=Path(embedded.__file__).parent.parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def leave(process):
    process.stdin.close()
    assert process.wait(30) == 0


def runs(folder):
    try:
        psycopg.connect(embedded.environment(folder)["DATABASE_URL"]).close()
    except psycopg.OperationalError:
        return False
    return True


def test_starting_twice_joins_the_same_server(server, folder):
    lock = (folder / "postgres" / "postmaster.pid").read_text()
    with embedded.start(folder) as second:
        assert second.environment() == server.environment()
        assert (folder / "postgres" / "postmaster.pid").read_text() == lock
    assert runs(folder)


def test_the_application_reads_and_writes_what_the_owner_made(app, table):
    app.execute("INSERT INTO thing (name) VALUES ('a'), ('b')")
    app.execute("UPDATE thing SET name = 'c' WHERE name = 'a'")
    app.execute("DELETE FROM thing WHERE name = 'b'")
    assert app.execute("SELECT id, name FROM thing").fetchall() == [(1, "c")]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE other (id int)",
        "CREATE SCHEMA other",
        "TRUNCATE thing",
        "ALTER TABLE thing ADD COLUMN more int",
        "ALTER TABLE thing DISABLE TRIGGER ALL",
        "DROP TABLE thing",
        "SET ROLE lethe_owner",
        "SET SESSION AUTHORIZATION lethe_owner",
        "SET session_replication_role = replica",
        "CREATE ROLE other",
        "CREATE DATABASE other",
    ],
)
def test_the_application_may_not(app, table, statement):
    with pytest.raises((errors.InsufficientPrivilege, errors.InvalidParameterValue)):
        app.execute(statement)


def test_no_role_of_ours_is_a_superuser_and_the_application_owns_nothing(server):
    with server.superuser() as connection:
        able = connection.execute(
            "SELECT rolname FROM pg_roles WHERE rolname LIKE 'lethe%' AND"
            " (rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls OR rolreplication)"
        ).fetchall()
        owned = connection.execute(
            "SELECT relname FROM pg_class WHERE relowner = 'lethe_app'::regrole"
        ).fetchall()
    assert (able, owned) == ([], [])


def test_a_function_of_the_owner_is_open_to_the_application_only(app, owner):
    owner.execute("CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    assert app.execute("SELECT one()").fetchone() == (1,)
    grants = owner.execute("SELECT proacl::text FROM pg_proc WHERE proname = 'one'").fetchone()[0]
    owner.execute("DROP FUNCTION one()")
    assert "lethe_app=X" in grants
    assert "{=X" not in grants
    assert ",=X" not in grants


def test_what_a_migration_takes_away_stays_away_after_a_start(app, owner, table, folder):
    owner.execute("REVOKE DELETE ON thing FROM lethe_app")
    embedded.start(folder).stop()
    with pytest.raises(errors.InsufficientPrivilege):
        app.execute("DELETE FROM thing")


def test_the_application_cannot_open_the_brokers_database(server):
    url = server.environment()["DATABASE_URL"].replace("/lethe?", "/lethe_broker?")
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        psycopg.connect(url)


def test_the_broker_keeps_no_delivered_message(server):
    from kombu import Connection

    url = server.environment()["CELERY_BROKER_URL"]
    with Connection(url) as broker:
        queue = broker.SimpleQueue("train")
        queue.put({"wake": "up"})
        message = queue.get(timeout=5)
        assert message.payload == {"wake": "up"}
        message.ack()
        queue.close()
        broker.default_channel.session.close()
    with psycopg.connect(url.removeprefix("sqla+").replace("+psycopg", "")) as connection:
        assert connection.execute("SELECT count(*) FROM kombu_message").fetchone() == (0,)


def test_only_the_last_user_stops_it_whoever_was_killed(tmp_path):
    users = [another_user(tmp_path) for _ in range(4)]
    assert [user.stdout.readline() for user in users] == ["joined\n"] * 4
    for killed in users[:2]:
        killed.kill()
        killed.wait()
    leave(users[2])
    assert runs(tmp_path)
    leave(users[3])
    assert not runs(tmp_path)


def test_it_starts_after_everything_was_killed(tmp_path):
    user = another_user(tmp_path)
    user.stdout.readline()
    user.kill()
    user.wait()
    lock = tmp_path / "postgres" / "postmaster.pid"
    os.kill(int(lock.read_text().split()[0]), signal.SIGKILL)
    with embedded.start(tmp_path, durable=False):
        assert runs(tmp_path)
    lock.write_text(f"{os.getpid()}\n{tmp_path}/postgres\n1\n5432\n{tmp_path}/postgres\n\n1 1\n")
    with embedded.start(tmp_path, durable=False):  # the old number is another process now
        assert runs(tmp_path)


def test_a_server_that_was_killed_is_started_again(tmp_path):
    with embedded.start(tmp_path, durable=False) as server:
        number = (tmp_path / "postgres" / "postmaster.pid").read_text().split()[0]
        os.kill(int(number), signal.SIGKILL)
        while server._cluster.has_process():
            pass
        server.ensure()
        assert runs(tmp_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs it as another user")
def test_it_stops_when_a_folder_above_was_closed_meanwhile(tmp_path):
    with embedded.start(tmp_path / "var", durable=False):
        tmp_path.chmod(0o700)
    assert not runs(tmp_path / "var")


def test_a_path_too_long_for_a_socket_works(tmp_path):
    folder = tmp_path / ("long" * 30)
    with embedded.start(folder, durable=False) as server:
        assert runs(folder)
        assert str(folder) not in server.environment()["DATABASE_URL"]
    assert not runs(folder)


def test_a_folder_that_cannot_be_used_says_so(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(PostgresError, match="Set LETHE_VAR"):
        embedded.start(tmp_path / "file")


def test_a_command_without_postgres_ends_with_the_reason(tmp_path):
    (tmp_path / "file").write_text("")
    environment = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "LETHE_VAR"}}
    done = subprocess.run(
        [sys.executable, "manage.py", "showmigrations"],
        cwd=Path(embedded.__file__).parent.parent,
        env=environment | {"LETHE_VAR": str(tmp_path / "file")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("Postgres cannot be used")
    assert "Traceback" not in done.stderr
