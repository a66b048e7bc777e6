"""What goes wrong is told as application/problem+json, and never quotes personal data."""

import logging

import pytest
from django.db import OperationalError
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compliance.erasure.rest import requests as erasure_views
from compliance.erasure.rest.taking import NewRequestSerializer
from compliance.erasure.states import IllegalTransitionError, State
from compliance.recommendations import views
from compliance.recommendations.serializers import QuestionSerializer
from tests.api.conftest import Caller, is_problem

RECOMMENDATIONS = "/api/v1/recommendations"
REQUESTS = "/api/v1/erasure-requests"
SECRET = "alice@example.com"


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        '{"subject": "a" "limit": 1}',
        '{"subject": "a", "subject": "b"}',
        '{"subject": "a", "limit": NaN}',
        '{"subject": "a", "limit": ' + "9" * 5000 + "}",
        "[" * 100_000,
        b'{"subject": "\xff"}',
        '{"\\ud800": "a"}',
        '{"subject": "a"}'.encode("utf-16"),
    ],
)
def test_a_malformed_body_is_a_400(shop: Caller, body: str | bytes) -> None:
    assert is_problem(shop.post(RECOMMENDATIONS, body), 400)


def test_other_media_types_are_a_415(shop: Caller) -> None:
    assert is_problem(shop.post(RECOMMENDATIONS, "subject=a", "text/plain"), 415)


def test_other_charsets_are_ignored(shop: Caller) -> None:
    media_type = "application/json; charset=bz2_codec"
    response = Client().generic("POST", RECOMMENDATIONS, b"{}", media_type, headers=shop.headers)
    assert is_problem(response, 400)


def test_a_huge_body_is_a_413(shop: Caller) -> None:
    body = '{"subject": "' + "a" * 3_000_000 + '"}'
    assert is_problem(shop.post(RECOMMENDATIONS, body), 413)


def test_an_unusual_accept_header_is_a_406(shop: Caller) -> None:
    assert is_problem(shop.get(REQUESTS, accept="text/html"), 406)


@pytest.mark.parametrize("path", ["/api/", "/api/v1/nothing", f"{REQUESTS}/no-uuid"])
def test_an_unknown_address_is_a_404(db: None, path: str) -> None:
    assert is_problem(Client().get(path), 404)


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer x", "Bearer a b", "bearer lethe_", "Basic eDp5", "Bearer \xff"]
)
def test_a_wrong_key_is_a_401(db: None, header: str) -> None:
    response = Client().get(REQUESTS, headers={"authorization": header})
    assert is_problem(response, 401)
    assert response.headers["WWW-Authenticate"]


def test_a_failure_is_a_500_that_tells_nothing(
    shop: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(**_: object) -> None:
        raise RuntimeError(f"no {SECRET} here")

    monkeypatch.setattr(views, "recommend", fail)
    with caplog.at_level(logging.DEBUG):
        response = shop.post(RECOMMENDATIONS, {"subject": SECRET})
    assert is_problem(response, 500)
    assert SECRET not in response.text + caplog.text
    assert "Traceback" not in response.text
    assert "RuntimeError" in caplog.text


def test_a_database_that_is_away_is_a_503(shop: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(views, "recommend", fail)
    response = shop.post(RECOMMENDATIONS, {"subject": SECRET})
    assert is_problem(response, 503)
    assert response.headers["Retry-After"] == "5"


def test_an_illegal_transition_is_a_409(shop: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise IllegalTransitionError(State.COMPLETED, State.APPROVED)

    monkeypatch.setattr(erasure_views, "request_file", fail)
    response = shop.post(REQUESTS, {"subject": SECRET})
    assert is_problem(response, 409)
    assert "completed" in response.json()["detail"]


@pytest.mark.parametrize(
    "body",
    [
        {"subject": SECRET, "limit": SECRET},
        {"subject": SECRET, SECRET: 1},
        {"subject": [SECRET]},
        {"subject": f"{SECRET}\0"},
        {"subject": SECRET * 20},
        f'{{"subject": "{SECRET}", "subject": "{SECRET}"}}',
        f'{{"subject": "{SECRET}" x',
        f'"{SECRET}"',
    ],
)
def test_a_400_quotes_nothing(shop: Caller, body: object, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        response = shop.post(RECOMMENDATIONS, body)
    assert is_problem(response, 400)
    assert SECRET not in response.text + str(response.headers) + caplog.text


@pytest.mark.parametrize("field", ["ground", "id", "identity_asserted"])
def test_a_subject_in_the_wrong_field_is_not_quoted(shop: Caller, field: str) -> None:
    response = shop.post(REQUESTS, {"subject": "a", field: SECRET})
    assert is_problem(response, 400)
    assert SECRET not in response.text


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(["subject", "limit", "ground", "id", "identity_asserted"])
BODIES = ANYTHING | st.dictionaries(NAMES, ANYTHING)
FUZZ = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@FUZZ
@given(body=BODIES)
def test_any_question_is_valid_or_refused(body: object) -> None:
    question = QuestionSerializer(data=body)
    if question.is_valid():
        values = question.validated_data
        assert 1 <= len(values["subject"]) <= 200
        assert "\0" not in values["subject"]
        assert type(values["limit"]) is int
        assert 1 <= values["limit"] <= 100


@FUZZ
@given(body=BODIES)
def test_any_request_is_valid_or_refused(body: object) -> None:
    request = NewRequestSerializer(data=body)
    if request.is_valid():
        values = request.validated_data
        values["subject"].encode()
        assert values["identity_asserted"] in {True, False}
        assert values.get("id") is None or values["id"].version == 4
