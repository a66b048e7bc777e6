"""POST /api/v1/erasure-requests/bulk."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from compliance.erasure.models import ErasureEvent, ErasureRequest
from compliance.erasure.rest import bulk
from compliance.erasure.services import request_cancel
from compliance.provenance.models import Plan
from compliance.records.models import Interaction
from tests.admin.conftest import ALICE, make_request, make_trained_plan, make_user
from tests.api.cases import DIGEST, NOBODYS, REFUSAL, URL
from tests.api.conftest import Caller, is_problem, pointers

BULK = f"{URL}/bulk"


@pytest.fixture
def plan(db: None) -> Plan:
    return make_trained_plan()


@pytest.fixture
def three(db: None) -> list[ErasureRequest]:
    return [make_request(subject=f"subject-{number}") for number in range(3)]


def names(requests: list[ErasureRequest]) -> list[str]:
    return [str(request.pk) for request in requests]


def outcomes(response: Any) -> dict[str, str]:
    return {one["id"]: one["outcome"] for one in response.json()["results"]}


def states() -> set[str]:
    return set(ErasureRequest.objects.values_list("state", flat=True))


def test_it_needs_a_key(stranger: Caller, db: None) -> None:
    assert is_problem(stranger.post(BULK, {"action": "cancel", "ids": [NOBODYS]}), 401)


def test_it_needs_the_scope(outsider: Caller) -> None:
    response = outsider.post(BULK, {"action": "cancel", "ids": [NOBODYS]})
    assert is_problem(response, 403)
    assert "erasure:decide" in response.json()["detail"]


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, "/action"),
        ({"action": "erase", "ids": [NOBODYS]}, "/action"),
        ({"action": "confirm-identity", "ids": [NOBODYS]}, "/action"),
        ({"action": "cancel"}, ""),
        ({"action": "cancel", "ids": [NOBODYS], "filter": {"state": "in_review"}}, ""),
        ({"action": "cancel", "ids": []}, "/ids"),
        ({"action": "cancel", "ids": ["alice"]}, "/ids/0"),
        ({"action": "cancel", "ids": NOBODYS}, "/ids"),
        ({"action": "cancel", "filter": {}}, "/filter"),
        ({"action": "cancel", "filter": {"subject": "alice"}}, "/filter"),
        ({"action": "cancel", "filter": {"overdue": "true"}}, "/filter/overdue"),
        ({"action": "cancel", "filter": {"cursor": "x"}}, "/filter"),
        ({"action": "cancel", "ids": [NOBODYS], "arguments": {"text": "x"}}, "/arguments"),
        ({"action": "deny", "ids": [NOBODYS]}, "/arguments/article"),
        (
            {"action": "deny", "ids": [NOBODYS], "arguments": REFUSAL | {"text": ""}},
            "/arguments/text",
        ),
        (
            {"action": "assign", "ids": [NOBODYS], "arguments": {"assignee": "x"}},
            "/arguments/assignee",
        ),
        (
            {"action": "approve", "ids": [NOBODYS], "arguments": {"digests": {NOBODYS: "x"}}},
            f"/arguments/digests/{NOBODYS}",
        ),
        ({"action": "cancel", "ids": [NOBODYS], "dry_run": "yes"}, "/dry_run"),
        ([], ""),
    ],
)
def test_it_says_where_a_body_is_wrong(
    portal: Caller, three: list[ErasureRequest], body: object, where: str
) -> None:
    response = portal.post(BULK, body)
    assert is_problem(response, 400)
    assert where in pointers(response)
    assert states() == {"in_review"}


def test_each_has_its_result_and_a_refusal_stops_no_other(
    portal: Caller, three: list[ErasureRequest]
) -> None:
    request_cancel(request_id=three[1].pk, actor="user:1")
    body = {"action": "deny", "ids": [*names(three), NOBODYS], "arguments": REFUSAL}
    response = portal.post(BULK, body)
    first, second, third = names(three)
    assert outcomes(response) == {
        first: "done",
        second: "refused",
        third: "done",
        NOBODYS: "unknown",
    }
    answer = response.json()
    assert answer["counts"] == {"done": 2, "refused": 1, "unknown": 1, "failed": 0, "left": 0}
    refused = answer["results"][1]
    assert (refused["state"], refused["code"]) == ("cancelled", "illegal_transition")
    assert "cancelled cannot become denied" in refused["detail"]
    assert answer["results"][3]["state"] is None
    three[0].refresh_from_db()
    assert (three[0].state, three[0].answer.article) == ("denied", REFUSAL["article"])


def test_a_dry_run_tells_what_would_happen_and_does_nothing(
    portal: Caller, three: list[ErasureRequest]
) -> None:
    request_cancel(request_id=three[1].pk, actor="user:1")
    before = ErasureEvent.objects.count()
    body = {"action": "deny", "ids": names(three), "arguments": REFUSAL, "dry_run": True}
    response = portal.post(BULK, body)
    assert list(outcomes(response).values()) == ["done", "refused", "done"]
    assert response.json()["dry_run"] is True
    assert states() == {"in_review", "cancelled"}
    assert ErasureEvent.objects.count() == before


def test_a_filter_means_all_that_match(portal: Caller, three: list[ErasureRequest]) -> None:
    late = three[2]
    yesterday = timezone.localdate() - timedelta(days=1)
    ErasureRequest.objects.filter(pk=late.pk).update(due_on=yesterday)
    rita = make_user("rita")
    body = {"action": "assign", "filter": {"overdue": True}, "arguments": {"assignee": "rita"}}
    assert outcomes(portal.post(BULK, body)) == {str(late.pk): "done"}
    assert list(ErasureRequest.objects.filter(assignee=rita)) == [late]


def test_an_id_that_stands_twice_is_taken_once(portal: Caller, three: list[ErasureRequest]) -> None:
    one = str(three[0].pk)
    response = portal.post(BULK, {"action": "cancel", "ids": [one, one.upper()]})
    assert outcomes(response) == {one: "done"}


def test_more_than_can_be_taken_are_refused(
    portal: Caller, three: list[ErasureRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [str(uuid.uuid4()) for _ in range(10_001)]
    assert pointers(portal.post(BULK, {"action": "cancel", "ids": ids})) == ["/ids"]
    monkeypatch.setattr(bulk, "MOST", 2)
    response = portal.post(BULK, {"action": "cancel", "filter": {"state": "in_review"}})
    assert pointers(response) == ["/filter"]
    assert states() == {"in_review"}


def test_what_there_was_no_time_for_is_named(
    portal: Caller, three: list[ErasureRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "SECONDS", -1.0)
    response = portal.post(BULK, {"action": "cancel", "ids": names(three)})
    assert response.json()["counts"]["left"] == 3
    assert states() == {"in_review"}


def test_a_fault_of_ours_stops_no_other_and_is_logged_without_its_words(
    portal: Caller,
    three: list[ErasureRequest],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    from compliance.erasure.services import ending

    whole, secret = ending.restriction_end, f"{three[0].pk}-alice"

    def fail(*, request_id: uuid.UUID) -> int:
        if request_id == three[0].pk:
            raise RuntimeError(secret)
        return whole(request_id=request_id)

    monkeypatch.setattr(ending, "restriction_end", fail)
    response = portal.post(BULK, {"action": "cancel", "ids": names(three)})
    assert list(outcomes(response).values()) == ["failed", "done", "done"]
    three[0].refresh_from_db()
    assert three[0].state == "in_review"
    assert "RuntimeError" in caplog.text
    assert secret not in caplog.text + response.text


def test_an_approval_names_the_impact_of_each(portal: Caller, plan: Plan) -> None:
    known, other = make_request(), make_request(subject="other-1")
    body: dict[str, Any] = {"action": "approve", "ids": names([known, other])}
    looked = portal.post(BULK, body | {"dry_run": True}).json()["results"]
    assert Interaction.objects.filter(subject__external_id=ALICE).count() == 4
    digests = {one["id"]: one["digest"] for one in looked}

    refused = portal.post(BULK, body).json()["results"]
    assert [one["outcome"] for one in refused] == ["refused", "refused"]
    assert "digest" in refused[0]["detail"]

    wrong = digests | {str(other.pk): DIGEST}
    response = portal.post(BULK, body | {"arguments": {"digests": wrong}})
    assert outcomes(response) == {str(known.pk): "done", str(other.pk): "refused"}
    assert response.json()["results"][1]["code"] == "impact_changed"
    assert not Interaction.objects.filter(subject__external_id=ALICE).exists()
    assert Interaction.objects.filter(subject__external_id="other-1").count() == 4


def test_a_dry_run_of_an_approval_tells_what_is_in_its_way(portal: Caller, plan: Plan) -> None:
    unchecked, paused = make_request(checked=False), make_request(subject="other-1")
    portal.post(f"{URL}/{paused.pk}/pause", {"kind": "identity"})
    body = {"action": "approve", "ids": names([unchecked, paused]), "dry_run": True}
    results = portal.post(BULK, body).json()["results"]
    assert [(one["outcome"], one["digest"]) for one in results] == [("refused", None)] * 2
