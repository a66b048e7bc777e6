"""GET /healthz and /api/schema/."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from django.test import Client


def test_it_is_well(db: None) -> None:
    response = Client().get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_it_is_not_well_without_a_database(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise OperationalError("connection refused at 10.0.0.7")

    monkeypatch.setattr(connection, "cursor", fail)
    response = Client().get("/healthz")
    assert (response.status_code, response.json()) == (503, {"status": "unavailable"})


def test_it_is_only_read() -> None:
    assert Client().post("/healthz").status_code == 405


def test_the_schema_has_no_warnings() -> None:
    out = StringIO()
    call_command("spectacular", validate=True, fail_on_warn=True, stdout=out)
    assert "application/problem+json" in out.getvalue()


def test_the_schema_can_be_fetched_without_a_key() -> None:
    response = Client().get("/api/schema/")
    assert response.status_code == 200
    assert b"/api/v1/erasure-requests/{request_id}/certificate" in response.content


def test_the_schema_tells_of_problems() -> None:
    response = Client().get("/api/schema/", headers={"accept": "application/json"})
    for path in response.json()["paths"].values():
        for operation in path.values():
            for status in ("401", "403", "429", "500") if "security" in operation else ():
                assert "application/problem+json" in operation["responses"][status]["content"]


def test_the_schema_tells_of_the_headers_that_answers_have() -> None:
    response = Client().get("/api/schema/", headers={"accept": "application/json"})
    paths, found = response.json()["paths"], "/api/v1/erasure-requests"
    for path in paths.values():
        for operation in path.values():
            answers = operation["responses"]
            assert "429" not in answers or answers["429"]["headers"]["Retry-After"]["required"]
            assert "401" not in answers or "WWW-Authenticate" in answers["401"]["headers"]
            assert "503" not in answers or "Retry-After" in answers["503"]["headers"]
    assert "Location" in paths[found]["post"]["responses"]["201"]["headers"]
    assert "Location" not in paths[found]["post"]["responses"]["200"].get("headers", {})
    certificate = paths[f"{found}/{{request_id}}/certificate"]["get"]
    assert "ETag" in certificate["responses"]["200"]["headers"]
    assert "If-None-Match" in [one["name"] for one in certificate["parameters"]]
