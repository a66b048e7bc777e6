"""A server that was set up by the words of docs/operate.md is as Lethe needs it."""

import os

import psycopg
import pytest
from django.db import connection

from workers.doctor import examine

HEALTHY = ("Postgres", "Roles", "Migrations", "Guards", "Broker", "Keys")


def test_the_doctor_finds_nothing_wrong(committed_db):
    findings = {each.name: each for each in examine() if each.name in HEALTHY}
    assert [each for each in findings.values() if not each.healthy] == []
    assert tuple(findings) == HEALTHY
    kind = os.environ["CELERY_BROKER_URL"].partition(":")[0]
    assert findings["Broker"].detail == f"{kind} answers"


def test_nobody_else_may_connect():
    with psycopg.connect(os.environ["LETHE_TEST_SUPERUSER"]) as superuser:
        granted = superuser.execute(
            "SELECT coalesce(rolname, 'everybody') FROM pg_database"
            " CROSS JOIN aclexplode(datacl) LEFT JOIN pg_roles ON pg_roles.oid = grantee"
            " WHERE datname = current_database() AND privilege_type = 'CONNECT'"
        ).fetchall()
    assert {role for (role,) in granted} == {"lethe_owner", "lethe_app"}


@pytest.mark.parametrize(
    ("setting", "value"), [("log_error_verbosity", "terse"), ("log_min_error_statement", "panic")]
)
def test_the_servers_log_keeps_persons_out(committed_db, setting, value):
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting(%s)", [setting])
        assert cursor.fetchone() == (value,)
