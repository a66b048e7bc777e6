"""POST /api/v1/erasure-requests/{id}/…: who may, what is taken, and what is refused."""

import json
from typing import Any

import pytest

from compliance.erasure.models import ErasureEvent, ErasureRequest
from compliance.erasure.services import request_cancel
from tests.admin.conftest import ALICE, make_request
from tests.api.cases import CASES, Case
from tests.api.conftest import Caller, is_problem, pointers
from tests.recommendations.world import make_client

each = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
wrong = pytest.mark.parametrize(
    ("case", "body", "where"),
    [
        pytest.param(case, body, where, id=f"{case.name}-{number}")
        for case in CASES
        for number, (body, where) in enumerate((*case.wrong, ([], ""), ("x", "")))
    ],
)


@pytest.fixture
def request_(db: None) -> ErasureRequest:
    return make_request()


@each
def test_it_needs_a_key(stranger: Caller, db: None, case: Case) -> None:
    assert is_problem(stranger.post(case.path, case.body), 401)


@each
def test_it_needs_the_scope(outsider: Caller, case: Case) -> None:
    response = outsider.post(case.path, case.body)
    assert is_problem(response, 403)
    assert case.scope in response.json()["detail"]


@each
def test_the_scope_alone_is_enough(db: None, case: Case) -> None:
    caller = Caller(*make_client(case.scope, name="narrow"))
    assert is_problem(caller.post(case.path, case.body), 404)


@each
def test_an_unknown_request_is_a_404(portal: Caller, case: Case) -> None:
    response = portal.post(case.path, case.body)
    assert is_problem(response, 404)
    assert "no erasure request" in response.json()["detail"]


@wrong
def test_it_says_where_a_body_is_wrong(
    portal: Caller, request_: ErasureRequest, case: Case, body: Any, where: str
) -> None:
    before = ErasureEvent.objects.count()
    response = portal.post(case.of(request_), json.dumps(body))
    assert is_problem(response, 400)
    assert where in pointers(response)
    assert ErasureEvent.objects.count() == before


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if case.name not in {"comments", "extension-told", "told"}],
    ids=lambda case: case.name,
)
def test_what_the_state_does_not_allow_is_a_409(
    portal: Caller, request_: ErasureRequest, case: Case
) -> None:
    request_cancel(request_id=request_.pk, actor="user:1")
    before = ErasureEvent.objects.count()
    response = portal.post(case.of(request_), case.body)
    assert is_problem(response, 409)
    assert response.json()["type"].endswith("/illegal-transition")
    assert "cancelled" in response.json()["detail"]
    assert ALICE not in response.text
    assert ErasureEvent.objects.count() == before


@each
def test_it_is_not_read(portal: Caller, request_: ErasureRequest, case: Case) -> None:
    response = portal.get(case.of(request_))
    if case.name in {"impact", "comments"}:
        assert response.status_code == 200
    else:
        assert is_problem(response, 405)


def test_to_decide_is_to_be_allowed_to_cancel(db: None, request_: ErasureRequest) -> None:
    reviewer = Caller(*make_client("erasure:decide", name="reviewer"))
    answer = reviewer.post(f"/api/v1/erasure-requests/{request_.pk}/cancel", {})
    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
