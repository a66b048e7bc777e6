"""GET /api/v1/erasure-request-batches, one of them, and its requests: who reads what."""

import pytest

from compliance.accounts.scopes import Scope
from compliance.erasure.batches import batch_draft
from compliance.erasure.models import BatchAction, ErasureRequest
from compliance.erasure.services import request_cancel
from compliance.provenance.models import Plan
from tests.admin.conftest import make_request, make_trained_plan
from tests.api.batch_world import BATCHES, items, make, names, ready, shown, work
from tests.api.cases import NOBODYS, REFUSAL
from tests.api.conftest import Caller, is_problem, pointers
from tests.recommendations.world import make_client


@pytest.fixture(autouse=True)
def _no_heartbeat(settings):
    """The heartbeat has a connection of its own, which does not see this test's transaction."""
    settings.JOB_LEASE_SECONDS = 600


@pytest.fixture
def plan(db: None) -> Plan:
    return make_trained_plan()


@pytest.fixture
def three(db: None) -> list[ErasureRequest]:
    return [make_request(subject=f"other-{number}") for number in range(3)]


@pytest.fixture
def decider(db: None) -> Caller:
    return Caller(*make_client(Scope.ERASURE_DECIDE, name="decider"))


@pytest.fixture
def auditor(db: None) -> Caller:
    return Caller(*make_client(Scope.ERASURE_READ, name="auditor"))


def listed(caller: Caller, query: str = "") -> list[str]:
    return [one["id"] for one in caller.get(f"{BATCHES}{query}").json()["results"]]


def test_the_latest_come_first_and_can_be_narrowed(
    portal: Caller, three: list[ErasureRequest]
) -> None:
    first = make(portal, "cancel", three)
    work()
    second = make(portal, "deny", three[:1], **REFUSAL)
    assert listed(portal) == [second["id"], first["id"]]
    assert listed(portal, "?action=cancel") == [first["id"]]
    assert listed(portal, "?state=ready") == [first["id"]]
    assert listed(portal, "?own=false") == []
    counts = [one["counts"] for one in portal.get(BATCHES).json()["results"]]
    assert [(one["waiting"], one["possible"]) for one in counts] == [(1, 0), (0, 3)]


def test_a_client_sees_its_own_and_an_auditor_those_of_all_clients(
    portal: Caller, decider: Caller, auditor: Caller, three: list[ErasureRequest]
) -> None:
    one, other = make(portal, "cancel", three), make(decider, "cancel", three)
    rita = batch_draft(
        action=BatchAction.CANCEL, request_ids=[three[0].pk], actor="user:1", batch_id=None
    )
    assert listed(decider) == [other["id"]]
    assert set(listed(auditor)) == {one["id"], other["id"]}
    assert set(listed(portal, "?own=true")) == {one["id"]}
    for path in ("", "/items"):
        assert is_problem(decider.get(f"{BATCHES}/{one['id']}{path}"), 404)
        assert is_problem(auditor.get(f"{BATCHES}/{rita.pk}{path}"), 404)
        assert is_problem(auditor.get(f"{BATCHES}/{NOBODYS}{path}"), 404)
        assert auditor.get(f"{BATCHES}/{one['id']}{path}").status_code == 200
    assert shown(auditor, one)["own"] is False


def test_an_auditor_reads_no_impact_and_no_link_to_start(
    portal: Caller, auditor: Caller, plan: Plan, three: list[ErasureRequest]
) -> None:
    batch = ready(portal, "approve", three)
    assert batch["impact"]["records"] == 12
    assert batch["links"]["start"]
    seen = shown(auditor, batch)
    assert (seen["impact"], seen["links"]["start"]) == (None, None)
    assert [item["impact"] for item in items(auditor, batch)] == [None] * 3
    assert all(item["impact"]["records"] == 4 for item in items(portal, batch))


def test_each_request_is_told_with_its_result_and_where_it_stands(
    portal: Caller, three: list[ErasureRequest]
) -> None:
    request_cancel(request_id=three[1].pk, actor="user:1")
    batch = ready(portal, "deny", three, **REFUSAL)
    assert batch["counts"] == {"waiting": 0, "possible": 2, "done": 0, "refused": 1, "failed": 0}
    first, second, _third = items(portal, batch)
    assert [item["request_id"] for item in items(portal, batch)] == names(three)
    assert (first["result"], first["code"], first["message"]) == ("possible", "", "")
    assert (first["request_state"], first["done_at"]) == ("in_review", None)
    assert (second["result"], second["code"]) == ("refused", "illegal_transition")
    assert second["message"] == "Not possible: the request is in the state “Cancelled”."
    assert second["done_at"]
    assert [one["request_id"] for one in items(portal, batch, "?result=refused")] == [
        str(three[1].pk)
    ]


def test_items_come_in_pages_in_the_order_of_the_choice(portal: Caller, db: None) -> None:
    requests = [make_request(subject=f"subject-{number}") for number in range(103)]
    batch = make(portal, "cancel", requests)
    first = portal.get(batch["links"]["items"]).json()
    second = portal.get(first["next"]).json()
    found = [item["request_id"] for item in first["results"] + second["results"]]
    assert (len(first["results"]), found, second["next"]) == (100, names(requests), None)


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ("?result=unknown", "/result"),
        ("?cursor=cD14", "/cursor"),
        ("?cursor=x", "/cursor"),
        ("?cursor=cD0xMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTA%3D", "/cursor"),
        ("?page=2", ""),
    ],
)
def test_what_items_cannot_be_asked_for_is_refused(
    portal: Caller, three: list[ErasureRequest], query: str, where: str
) -> None:
    batch = make(portal, "cancel", three)
    response = portal.get(f"{BATCHES}/{batch['id']}/items{query}")
    assert is_problem(response, 400)
    assert pointers(response) == [where]


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ("?state=x", "/state"),
        ("?action=x", "/action"),
        ("?own=1", "/own"),
        ("?cursor=x", "/cursor"),
    ],
)
def test_what_batches_cannot_be_asked_for_is_refused(
    portal: Caller, query: str, where: str
) -> None:
    assert pointers(portal.get(f"{BATCHES}{query}")) == [where]


def test_reading_needs_a_key_and_a_scope(
    stranger: Caller, outsider: Caller, portal: Caller, three: list[ErasureRequest]
) -> None:
    batch = make(portal, "cancel", three)
    for path in (BATCHES, f"{BATCHES}/{batch['id']}", f"{BATCHES}/{batch['id']}/items"):
        assert is_problem(stranger.get(path), 401)
        assert is_problem(outsider.get(path), 403)
