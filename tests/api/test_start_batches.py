"""POST /api/v1/erasure-request-batches/{id}/start, and what becomes of each request."""

import uuid
from typing import Any

import pytest
from django.utils import timezone

from compliance.accounts.models import ApiClient
from compliance.accounts.scopes import Scope
from compliance.erasure import batch_steps
from compliance.erasure.models import (
    Batch,
    BatchAction,
    Endorsement,
    ErasureEvent,
    ErasureRequest,
    Pause,
    PauseKind,
)
from compliance.erasure.services import request_cancel, request_pause
from compliance.jobs.models import OutboxMessage
from compliance.provenance.models import Plan
from compliance.records.models import Interaction, Subject
from tests.admin.conftest import ALICE, make_request, make_trained_plan, make_user
from tests.api.batch_world import (
    BATCHES,
    items,
    make,
    ready,
    results,
    shown,
    start,
    work,
)
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
    return [make_request(subject=f"subject-{number}") for number in range(3)]


def states() -> set[str]:
    return set(ErasureRequest.objects.values_list("state", flat=True))


def done(caller: Caller, action: str, requests: list[ErasureRequest], **arguments: Any) -> Any:
    """Go the whole way, and return the batch at its end."""
    batch = ready(caller, action, requests, **arguments)
    assert start(caller, batch).status_code == 202
    work()
    return shown(caller, batch)


def test_nothing_is_done_before_the_start(portal: Caller, three: list[ErasureRequest]) -> None:
    before = ErasureEvent.objects.count(), OutboxMessage.objects.count()
    batch = ready(portal, "deny", three, **REFUSAL)
    assert (batch["state"], batch["counts"]["possible"]) == ("ready", 3)
    assert states() == {"in_review"}
    assert (ErasureEvent.objects.count(), OutboxMessage.objects.count()) == before


def test_each_has_its_result_and_a_refusal_stops_no_other(
    portal: Caller, three: list[ErasureRequest]
) -> None:
    batch = ready(portal, "deny", three, **REFUSAL)
    request_cancel(request_id=three[1].pk, actor="user:1")
    response = start(portal, batch)
    assert (response.status_code, response.json()["state"]) == (202, "running")
    work()
    batch = shown(portal, batch)
    assert batch["counts"] == {"waiting": 0, "possible": 0, "done": 2, "refused": 1, "failed": 0}
    assert (batch["state"], batch["links"]["start"]) == ("done", None)
    assert batch["done_at"]
    first, second, third = items(portal, batch)
    assert (first["result"], first["message"]) == ("done", "Denied.")
    assert (second["result"], second["code"]) == ("refused", "illegal_transition")
    assert (first["request_state"], second["request_state"]) == ("denied", "cancelled")
    assert third["done_at"]
    three[0].refresh_from_db()
    assert three[0].answer.article == REFUSAL["article"]
    assert three[0].events.last().actor == f"client:{portal.client.pk}"  # type: ignore[union-attr]


def test_every_step_of_the_table_can_be_taken_with_many(
    portal: Caller, three: list[ErasureRequest]
) -> None:
    rita = make_user("rita")
    assert done(portal, "assign", three, assignee="rita")["counts"]["done"] == 3
    assert ErasureRequest.objects.filter(assignee=rita).count() == 3
    assert done(portal, "assign", three[:1], assignee=None)["counts"]["done"] == 1
    assert ErasureRequest.objects.filter(assignee=rita).count() == 2
    told = done(portal, "extend", three, reasons="Many requests.", told=True)
    assert [item["message"] for item in items(portal, told)] == ["Extended."] * 3
    assert done(portal, "pause", three, kind="clarification")["counts"]["done"] == 3
    assert Pause.objects.filter(kind="clarification", ended_on=None).count() == 3
    assert done(portal, "unpause", three)["counts"]["done"] == 3
    assert not Pause.objects.filter(ended_on=None).exists()
    assert done(portal, "cancel", three)["counts"]["done"] == 3
    assert states() == {"cancelled"}


def test_what_failed_is_resumed(portal: Caller, plan: Plan) -> None:
    known, other = make_request(), make_request(subject="other-1")
    done(portal, "approve", [known])
    ErasureRequest.objects.filter(pk=known.pk).update(state="failed")
    batch = ready(portal, "resume", [known, other])
    assert results(portal, batch) == ["possible", "refused"]
    known.refresh_from_db()
    assert known.state == "failed"
    start(portal, batch)
    work()
    known.refresh_from_db()
    assert known.state == "retraining"


def test_an_extension_that_nobody_can_be_told_of_is_refused_before_the_start(
    portal: Caller, three: list[ErasureRequest]
) -> None:
    batch = ready(portal, "extend", three[:1], reasons="Many requests.")
    (item,) = items(portal, batch)
    assert (item["result"], item["code"]) == ("refused", "conflict")
    assert "no mail address" in item["message"]


class TestApprovals:
    def test_they_hold_for_the_impact_that_was_looked_at(self, portal: Caller, plan: Plan) -> None:
        known, other = make_request(), make_request(subject="other-1")
        batch = ready(portal, "approve", [known, other])
        assert batch["impact"]["records"] == 8
        assert Interaction.objects.filter(subject__external_id=ALICE).count() == 4
        digests = [item["impact"]["digest"] for item in items(portal, batch)]
        path = f"/api/v1/erasure-requests/{known.pk}/impact"
        assert portal.get(path).json()["digest"] == digests[0]
        Interaction.objects.filter(subject__external_id="other-1").update(rating=1)
        start(portal, batch)
        work()
        first, second = items(portal, batch)
        assert (first["result"], first["request_state"]) == ("done", "approved")
        assert (second["result"], second["code"]) == ("refused", "impact_changed")
        assert "records" in second["message"]
        assert not Interaction.objects.filter(subject__external_id=ALICE).exists()
        assert Interaction.objects.filter(subject__external_id="other-1").count() == 4

    def test_people_of_one_shard_are_approved_together(self, portal: Caller, plan: Plan) -> None:
        """The first approval's retraining leaves out the others, who are restricted."""
        found = Subject.objects.filter(prompts__shard=0).distinct().order_by("pk")
        requests = [make_request(subject=one.external_id) for one in found[:2]]
        batch = ready(portal, "approve", requests)
        assert batch["impact"]["shards"] == [0]
        start(portal, batch)
        work()
        assert results(portal, batch) == ["done", "done"]
        assert shown(portal, batch)["impact"] == batch["impact"]

    def test_what_is_in_their_way_is_told_before_the_start(
        self, portal: Caller, plan: Plan
    ) -> None:
        unchecked, paused = make_request(checked=False), make_request(subject="other-1")
        request_pause(request_id=paused.pk, actor="user:1", kind=PauseKind.IDENTITY)
        batch = ready(portal, "approve", [unchecked, paused])
        first, second = items(portal, batch)
        assert (first["result"], first["code"]) == ("refused", "illegal_transition")
        assert (second["result"], second["impact"]) == ("refused", None)
        assert "paused" in second["message"]
        assert batch["impact"]["records"] == 0

    def test_where_two_persons_approve_a_client_is_refused(
        self, portal: Caller, plan: Plan, settings: Any
    ) -> None:
        settings.FOUR_EYES = True
        request = make_request()
        (item,) = items(portal, ready(portal, "approve", [request]))
        assert (item["result"], item["impact"]) == ("refused", None)
        assert "an API client is none" in item["message"]
        settings.FOUR_EYES = False
        batch = ready(portal, "approve", [request])
        settings.FOUR_EYES = True
        start(portal, batch)
        work()
        assert "an API client is none" in items(portal, batch)[0]["message"]
        assert not Endorsement.objects.exists()
        assert states() == {"in_review"}


class TestTheStart:
    def test_it_is_refused_while_each_is_being_looked_at(
        self, portal: Caller, three: list[ErasureRequest]
    ) -> None:
        batch = make(portal, "cancel", three)
        response = start(portal, batch)
        assert is_problem(response, 409)
        assert "looked at first" in response.json()["detail"]

    def test_it_is_done_once(self, portal: Caller, three: list[ErasureRequest]) -> None:
        batch = ready(portal, "cancel", three)
        assert start(portal, batch).status_code == 202
        for _ in range(2):
            response = start(portal, batch)
            assert is_problem(response, 409)
            assert "started already" in response.json()["detail"]
            work()

    def test_it_takes_no_words(self, portal: Caller, three: list[ErasureRequest]) -> None:
        batch = ready(portal, "cancel", three)
        response = portal.post(f"{BATCHES}/{batch['id']}/start", {"arguments": {}})
        assert pointers(response) == [""]
        assert shown(portal, batch)["state"] == "ready"

    def test_it_is_for_the_client_that_made_it(
        self, portal: Caller, shop: Caller, three: list[ErasureRequest]
    ) -> None:
        batch = ready(portal, "cancel", three)
        assert is_problem(start(shop, batch), 403)
        blind = Caller(*make_client(Scope.ERASURE_DECIDE, name="blind"))
        assert is_problem(start(blind, batch), 404)
        assert is_problem(start(portal, {"id": NOBODYS}), 404)
        auditor = Caller(*make_client(Scope.ERASURE_READ, name="auditor"))
        assert is_problem(start(auditor, batch), 403)
        assert shown(portal, batch)["state"] == "ready"
        assert states() == {"in_review"}


@pytest.mark.parametrize(
    "change",
    [
        {"revoked_at": timezone.now()},
        {"expires_at": timezone.now()},
        {"scopes": [Scope.ERASURE_READ.value]},
    ],
)
@pytest.mark.parametrize("started", [False, True])
def test_a_client_that_may_decide_no_more_does_nothing_more(
    portal: Caller, three: list[ErasureRequest], change: dict[str, Any], started: bool
) -> None:
    batch = ready(portal, "cancel", three) if started else make(portal, "cancel", three)
    if started:
        start(portal, batch)
    ApiClient.objects.filter(pk=portal.client.pk).update(**change)  # type: ignore[union-attr]
    work()
    rows = Batch.objects.get().items.values_list("result", "code")
    assert set(rows) == {("refused", "not_allowed")}
    assert states() == {"in_review"}


def test_a_fault_of_ours_stops_no_other_and_is_logged_without_its_words(
    portal: Caller,
    three: list[ErasureRequest],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    from compliance.erasure.services import ending

    whole, secret = ending.restriction_end, f"{three[0].pk}-alice"
    batch = ready(portal, "cancel", three, told=True)

    def fail(*, request_id: uuid.UUID) -> int:
        if request_id == three[0].pk:
            raise RuntimeError(secret)
        return whole(request_id=request_id)

    monkeypatch.setattr(ending, "restriction_end", fail)
    start(portal, batch)
    work()
    assert results(portal, batch) == ["failed", "done", "done"]
    first = items(portal, batch)[0]
    assert (first["code"], first["request_state"]) == ("error", "in_review")
    assert "RuntimeError" in caplog.text
    assert secret not in caplog.text + str(items(portal, batch))


def test_an_assignee_whose_account_has_gone_is_not_nobody(
    portal: Caller, three: list[ErasureRequest]
) -> None:
    rita, otto = make_user("rita"), make_user("otto")
    ErasureRequest.objects.update(assignee=otto)
    batch = ready(portal, "assign", three, assignee="rita")
    rita.delete()
    start(portal, batch)
    work()
    assert results(portal, batch) == ["refused"] * 3
    assert ErasureRequest.objects.filter(assignee=otto).count() == 3


def test_the_words_of_the_results_are_english_whoever_the_worker_spoke_to_before(
    portal: Caller, three: list[ErasureRequest]
) -> None:
    from django.utils import translation

    with translation.override("de"):
        batch = done(portal, "cancel", three)
    assert items(portal, batch)[0]["message"] == "Cancelled."


def test_every_step_has_its_deed() -> None:
    assert set(batch_steps._ACTS) == set(BatchAction)
