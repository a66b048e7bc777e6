"""A Postgres that says nothing is given up."""

import socket
import time

import psycopg
import pytest

from compliance.environment import PATIENCE, env_database


def options(monkeypatch: pytest.MonkeyPatch, url: str) -> dict[str, object]:
    monkeypatch.setenv("DATABASE_URL", url)
    return env_database("DATABASE_URL")["OPTIONS"]


def test_the_address_can_say_otherwise(monkeypatch):
    found = options(monkeypatch, "postgresql://db.internal/lethe?connect_timeout=3")
    assert found == PATIENCE | {"connect_timeout": 3}


def test_a_silent_server_is_given_up(monkeypatch):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        given = options(monkeypatch, f"postgresql://127.0.0.1:{port}/lethe?connect_timeout=2")
        began = time.monotonic()
        with pytest.raises(psycopg.OperationalError, match="timeout"):
            psycopg.connect(host="127.0.0.1", port=port, **given)
    assert time.monotonic() - began < 8
