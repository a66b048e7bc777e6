"""POST /api/v1/erasure-request-batches: which requests, which step, and the same call again."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from compliance.accounts.scopes import Scope
from compliance.erasure import batches
from compliance.erasure.models import Batch, BatchItem, ErasureRequest
from compliance.erasure.rest import batches as views
from compliance.erasure.services import request_cancel
from compliance.jobs.models import Job
from tests.admin.conftest import make_request, make_user
from tests.api.batch_world import BATCHES, items, make, names, work
from tests.api.cases import DIGEST, NOBODYS, REFUSAL
from tests.api.conftest import Caller, is_problem, pointers
from tests.recommendations.world import make_client

OWN_ID = "7d1f1d5e-3c55-4c8b-9d2e-6f1d6b1f0a21"


@pytest.fixture(autouse=True)
def _no_heartbeat(settings):
    """The heartbeat has a connection of its own, which does not see this test's transaction."""
    settings.JOB_LEASE_SECONDS = 600


@pytest.fixture
def three(db: None) -> list[ErasureRequest]:
    return [make_request(subject=f"subject-{number}") for number in range(3)]


def test_it_needs_a_key(stranger: Caller, db: None) -> None:
    assert is_problem(stranger.post(BATCHES, {"action": "cancel", "ids": [NOBODYS]}), 401)


def test_it_needs_the_scope(outsider: Caller) -> None:
    response = outsider.post(BATCHES, {"action": "cancel", "ids": [NOBODYS]})
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
        ({"action": "cancel", "filter": {"state": "failed"}}, "/filter"),
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
        ({"action": "pause", "ids": [NOBODYS], "arguments": {"kind": "x"}}, "/arguments/kind"),
        ({"action": "approve", "ids": [NOBODYS], "arguments": {"digest": DIGEST}}, "/arguments"),
        ({"action": "cancel", "ids": [NOBODYS], "id": "1"}, "/id"),
        ({"action": "cancel", "ids": [NOBODYS], "dry_run": True}, ""),
        ([], ""),
    ],
)
def test_it_says_where_a_body_is_wrong(
    portal: Caller, three: list[ErasureRequest], body: object, where: str
) -> None:
    response = portal.post(BATCHES, body)
    assert is_problem(response, 400)
    assert where in pointers(response)
    assert not Batch.objects.exists()


def test_unknown_ids_are_named_and_nothing_is_made(
    portal: Caller, three: list[ErasureRequest]
) -> None:
    first, second, third = names(three)
    body = {"action": "cancel", "ids": [first, NOBODYS, second, str(uuid.uuid4()), third]}
    response = portal.post(BATCHES, body)
    assert is_problem(response, 400)
    assert pointers(response) == ["/ids/1", "/ids/3"]
    assert "no erasure request with this id" in response.json()["errors"][0]["detail"]
    assert (Batch.objects.count(), BatchItem.objects.count(), Job.objects.count()) == (0, 0, 0)


def test_more_than_can_be_taken_are_refused(
    portal: Caller, three: list[ErasureRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [str(uuid.uuid4()) for _ in range(10_001)]
    assert pointers(portal.post(BATCHES, {"action": "cancel", "ids": ids})) == ["/ids"]
    monkeypatch.setattr(batches, "MAX_ITEMS", 2)
    monkeypatch.setattr(views, "MAX_ITEMS", 2)
    response = portal.post(BATCHES, {"action": "cancel", "filter": {"state": "in_review"}})
    assert pointers(response) == ["/filter"]
    assert "More than 2 requests match" in response.json()["errors"][0]["detail"]
    assert not Batch.objects.exists()


def test_it_answers_with_the_batch_and_where_it_is(
    portal: Caller, three: list[ErasureRequest]
) -> None:
    response = portal.post(BATCHES, {"action": "cancel", "ids": names(three)})
    batch = response.json()
    assert response.status_code == 201
    assert response.headers["Location"] == batch["links"]["self"]
    assert batch["links"]["self"].endswith(f"{BATCHES}/{batch['id']}")
    assert (batch["action"], batch["state"], batch["own"]) == ("cancel", "previewing", True)
    zero = {"possible": 0, "done": 0, "refused": 0, "failed": 0}
    assert (batch["total"], batch["counts"]) == (3, {"waiting": 3} | zero)
    assert (batch["impact"], batch["done_at"], batch["links"]["start"]) == (None, None, None)
    assert batch["created_at"]
    assert portal.get(batch["links"]["self"]).json() == batch


def test_an_id_that_stands_twice_is_taken_once(portal: Caller, three: list[ErasureRequest]) -> None:
    one = str(three[0].pk)
    response = portal.post(BATCHES, {"action": "cancel", "ids": [one, one.upper()]})
    assert response.json()["total"] == 1


def test_a_filter_means_all_that_match_now_the_most_urgent_first(
    portal: Caller, three: list[ErasureRequest]
) -> None:
    today = timezone.localdate()
    for request, days in zip(three, (-1, 5, -2), strict=True):
        due = today + timedelta(days=days)
        ErasureRequest.objects.filter(pk=request.pk).update(due_on=due)
    make_user("rita")
    body = {"action": "assign", "filter": {"overdue": True}, "arguments": {"assignee": "rita"}}
    batch = portal.post(BATCHES, body).json()
    make_request(subject="later")
    chosen = [item["request_id"] for item in items(portal, batch)]
    assert chosen == [str(three[2].pk), str(three[0].pk)]


class TestTheSameCallAgain:
    def body(self, three: list[ErasureRequest], **other: Any) -> dict[str, Any]:
        return {"action": "deny", "ids": names(three), "arguments": REFUSAL, "id": OWN_ID} | other

    def test_it_answers_with_the_batch_that_is_there(
        self, portal: Caller, three: list[ErasureRequest]
    ) -> None:
        first = portal.post(BATCHES, self.body(three))
        assert (first.status_code, first.json()["id"]) == (201, OWN_ID)
        work()
        again = portal.post(BATCHES, dict(reversed(self.body(three).items())))
        assert (again.status_code, again.json()["state"]) == (200, "ready")
        assert "Location" not in again.headers
        assert (Batch.objects.count(), BatchItem.objects.count(), Job.objects.count()) == (1, 3, 1)

    def test_a_filter_chooses_once(self, portal: Caller, three: list[ErasureRequest]) -> None:
        body = {"action": "cancel", "filter": {"state": "in_review"}, "id": OWN_ID}
        portal.post(BATCHES, body)
        make_request(subject="later")
        again = portal.post(BATCHES, body)
        assert (again.status_code, again.json()["total"]) == (200, 3)
        for request in ErasureRequest.objects.all():
            request_cancel(request_id=request.pk, actor="user:1")
        assert portal.post(BATCHES, body).status_code == 200

    @pytest.mark.parametrize(
        "other",
        [
            {"action": "cancel", "arguments": {}},
            {"arguments": REFUSAL | {"text": "Otherwise."}},
            {"ids": None},
        ],
    )
    def test_another_content_is_refused(
        self, portal: Caller, three: list[ErasureRequest], other: dict[str, Any]
    ) -> None:
        portal.post(BATCHES, self.body(three))
        fewer = {"ids": names(three)[:2]} if "ids" in other else {}
        response = portal.post(BATCHES, self.body(three, **(other | fewer)))
        assert is_problem(response, 409)
        assert BatchItem.objects.count() == 3

    def test_the_id_of_another_client_is_refused(
        self, portal: Caller, three: list[ErasureRequest]
    ) -> None:
        other = Caller(*make_client(Scope.ERASURE_DECIDE, name="other"))
        portal.post(BATCHES, self.body(three))
        response = other.post(BATCHES, self.body(three))
        assert is_problem(response, 409)
        assert WORDS not in response.text


WORDS = REFUSAL["text"]


def test_what_was_written_stands_encrypted_until_it_is_done(
    portal: Caller, three: list[ErasureRequest]
) -> None:
    make(portal, "deny", three, **REFUSAL)
    assert WORDS.encode() not in bytes(Batch.objects.get().values)
