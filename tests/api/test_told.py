"""POST …/told, and `told` in the steps that end a request: Art. 18(3)."""

import pytest

from compliance.erasure.models import ErasureRequest
from compliance.records.models import Restriction
from tests.admin.conftest import make_request
from tests.api.cases import REFUSAL, URL
from tests.api.conftest import Caller, is_problem
from tests.api.test_start_batches import done

pytestmark = pytest.mark.django_db
ENDS = pytest.mark.parametrize(("step", "body"), [("deny", REFUSAL), ("cancel", {})])


@pytest.fixture
def request_() -> ErasureRequest:
    return make_request()


def post(caller: Caller, request: ErasureRequest, step: str, body: object) -> dict[str, object]:
    response = caller.post(f"{URL}/{request.pk}/{step}", body)
    assert response.status_code == 200, response.text
    answer: dict[str, object] = response.json()
    return answer


@ENDS
def test_it_stands_until_it_is_said_that_the_person_was_told(
    portal: Caller, request_: ErasureRequest, step: str, body: dict[str, object]
) -> None:
    answer = post(portal, request_, step, body)
    assert answer["restriction"]["untold"] is True  # type: ignore[index]
    answer = post(portal, request_, "told", {})
    assert answer["restriction"] is None
    steps = [event["step"] for event in answer["history"]]  # type: ignore[attr-defined]
    assert steps[-2:] == ["person_told", "restriction_lifted"]


def test_said_again_it_changes_nothing(portal: Caller, request_: ErasureRequest) -> None:
    post(portal, request_, "cancel", {})
    first = post(portal, request_, "told", {})
    assert post(portal, request_, "told", {}) == first


@ENDS
def test_it_can_be_said_with_the_step(
    portal: Caller, request_: ErasureRequest, step: str, body: dict[str, object]
) -> None:
    answer = post(portal, request_, step, body | {"told": True})
    assert answer["restriction"] is None


def test_of_an_open_request_it_is_a_conflict(portal: Caller, request_: ErasureRequest) -> None:
    response = portal.post(f"{URL}/{request_.pk}/told", {})
    assert is_problem(response, 409)
    assert "ended without an erasure" in response.json()["detail"]
    assert portal.get(f"{URL}/{request_.pk}").json()["restriction"]["untold"] is False


@ENDS
@pytest.mark.parametrize("told", [True, False])
def test_a_batch_says_it_for_all(
    portal: Caller, step: str, body: dict[str, object], told: bool
) -> None:
    requests = [make_request(subject=f"other-{number}") for number in range(3)]
    batch = done(portal, step, requests, **body, told=told)
    assert batch["counts"]["done"] == 3
    assert Restriction.objects.count() == (0 if told else 3)
