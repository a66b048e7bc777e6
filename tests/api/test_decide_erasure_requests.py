"""What the steps of a review do when they are taken by REST."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from compliance.erasure.models import ErasureRequest, Refusal
from compliance.erasure.parts import Part
from compliance.erasure.services import request_approve
from compliance.erasure.states import State
from compliance.provenance.models import Plan
from compliance.records.models import Interaction
from compliance.records.scope import Scope
from tests.admin.conftest import ALICE, make_request, make_trained_plan, make_user
from tests.api.cases import DIGEST, REFUSAL, URL
from tests.api.conftest import Caller, is_problem, pointers
from tests.approving import approve
from tests.recommendations.world import make_client


@pytest.fixture
def plan(db: None) -> Plan:
    return make_trained_plan()


@pytest.fixture
def request_(plan: Plan) -> ErasureRequest:
    return make_request()


def at(request: ErasureRequest, step: str = "") -> str:
    return f"{URL}/{request.pk}" + (f"/{step}" if step else "")


def records() -> int:
    return Interaction.objects.filter(subject__external_id=ALICE).count()


def test_the_impact_says_what_would_go(portal: Caller, request_: ErasureRequest) -> None:
    answer = portal.get(at(request_, "impact")).json()
    assert (answer["records"], answer["parked"]) == (4, 0)
    assert answer["prompts"] > 0
    assert answer["learned"]["adapter"] == "active"
    assert answer["learned"]["shard"] in {0, 1}
    assert answer["outlook"]["prompts"] > 0
    assert answer["digest"].startswith("sha256:")


def test_an_approval_names_the_impact_and_erases(portal: Caller, request_: ErasureRequest) -> None:
    digest = portal.get(at(request_, "impact")).json()["digest"]
    answer = portal.post(at(request_, "approve"), {"digest": digest})
    assert (answer.status_code, answer.json()["state"]) == (200, "approved")
    assert (answer.json()["outcome"], answer.json()["erased_interactions"]) == ("full", 4)
    assert answer.json()["history"][-1]["actor"] == "client"
    assert records() == 0


def test_what_has_changed_since_the_preview_is_named(
    portal: Caller, request_: ErasureRequest
) -> None:
    digest = portal.get(at(request_, "impact")).json()["digest"]
    Interaction.objects.filter(subject__external_id=ALICE).first().delete()
    response = portal.post(at(request_, "approve"), {"digest": digest})
    assert is_problem(response, 409)
    assert response.json()["type"].endswith("/impact-changed")
    assert response.json()["changed"] == ["records"]
    assert records() == 3


def test_a_digest_of_nothing_approves_nothing(portal: Caller, request_: ErasureRequest) -> None:
    response = portal.post(at(request_, "approve"), {"digest": DIGEST})
    assert is_problem(response, 409)
    assert (response.json()["changed"], records()) == ([], 4)


def test_a_part_is_approved_and_the_rest_refused(portal: Caller, request_: ErasureRequest) -> None:
    part = {"scope": {"items": ["i-0", "i-1"]}}
    impact = portal.post(at(request_, "impact"), part).json()
    assert impact["records"] == 2
    body = {"digest": impact["digest"], "part": part | REFUSAL}
    answer = portal.post(at(request_, "approve"), body).json()
    assert (answer["outcome"], answer["erased_interactions"], records()) == ("partial", 2, 2)
    refusal = answer["refusal"]
    assert (refusal["article"], refusal["text"]) == (REFUSAL["article"], REFUSAL["text"])


def test_a_part_beyond_what_was_asked_for_is_a_409(portal: Caller, plan: Plan) -> None:
    request = make_request(scope=Scope(items=frozenset({"i-0", "i-1"})))
    part = {"scope": {"items": ["i-2"]}}
    digest = portal.post(at(request, "impact"), part).json()["digest"]
    response = portal.post(at(request, "approve"), {"digest": digest, "part": part | REFUSAL})
    assert is_problem(response, 409)
    assert records() == 4


def test_nothing_is_told_of_a_person_before_the_identity_is_shown(
    portal: Caller, plan: Plan
) -> None:
    known, unknown = make_request(checked=False), make_request(checked=False, subject="nobody")
    first, second = (portal.get(at(request, "impact")) for request in (known, unknown))
    assert is_problem(first, 409)
    assert first.json() == second.json()


def test_a_paused_request_is_not_approved(portal: Caller, request_: ErasureRequest) -> None:
    digest = portal.get(at(request_, "impact")).json()["digest"]
    portal.post(at(request_, "pause"), {"kind": "clarification"})
    assert is_problem(portal.post(at(request_, "approve"), {"digest": digest}), 409)
    assert records() == 4


def test_where_two_persons_must_approve_a_client_is_none(
    portal: Caller, shop: Caller, request_: ErasureRequest, settings
) -> None:
    settings.FOUR_EYES = True
    body = {"digest": portal.get(at(request_, "impact")).json()["digest"]}
    request_approve(request_id=request_.pk, actor="user:1", digest=body["digest"])
    for client in (portal, shop):
        refused = client.post(at(request_, "approve"), body)
        assert is_problem(refused, 409)
        assert "an API client is none" in refused.json()["detail"]
    shown = portal.get(at(request_)).json()
    assert [one["digest"] for one in shown["endorsements"]] == [body["digest"]]
    assert (shown["state"], records()) == ("in_review", 4)


def test_the_words_that_the_first_of_two_approved_are_for_those_who_decide(
    portal: Caller, request_: ErasureRequest, settings
) -> None:
    settings.FOUR_EYES = True
    part = Part(Scope(items=frozenset({"i-1"})), Refusal.LEGAL_CLAIMS, "In court.")
    approve(request_, part=part)
    (shown,) = portal.get(at(request_)).json()["endorsements"]
    assert shown["refusal"] == {"article": "17(3)(e)", "text": "In court."}
    reader = Caller(*make_client("erasure:read", name="reader"))
    (shown,) = reader.get(at(request_)).json()["endorsements"]
    assert shown["refusal"] is None
    approve(request_, part=part, actor="user:2")
    after = portal.get(at(request_)).json()
    assert after["endorsements"][0]["refusal"] is None
    assert after["refusal"]["text"] == "In court."


def test_a_denial_keeps_its_words_and_erases_nothing(
    portal: Caller, request_: ErasureRequest
) -> None:
    answer = portal.post(at(request_, "deny"), REFUSAL).json()
    assert (answer["state"], answer["refusal"]["text"]) == ("denied", REFUSAL["text"])
    notes = [step["note"] for step in answer["history"] if step["to"] == "denied"]
    assert notes[0] == REFUSAL["article"]
    assert (answer["restriction"]["untold"], answer["days_left"]) == (True, None)
    assert records() == 4


def test_an_identity_is_vouched_for(portal: Caller, plan: Plan) -> None:
    request = make_request(checked=False)
    assert portal.get(at(request)).json()["restriction"] is None
    answer = portal.post(at(request, "confirm-identity"), {}).json()
    assert (answer["state"], answer["identity_method"]) == ("in_review", "asserted")
    assert answer["restriction"]["since"] is not None


def test_a_call_without_a_body_is_a_call_with_an_empty_one(
    portal: Caller, request_: ErasureRequest
) -> None:
    assert portal.post(at(request_, "cancel"), "", "").json()["state"] == "cancelled"


def test_an_extension_moves_the_due_date_once_the_person_is_told(
    portal: Caller, request_: ErasureRequest
) -> None:
    before = portal.get(at(request_)).json()
    assert is_problem(portal.post(at(request_, "extend"), {"reasons": "Many systems."}), 409)
    answer = portal.post(at(request_, "extend"), {"reasons": "Many systems.", "told": True}).json()
    extension = answer["clock"]["extension"]
    assert extension["reasons"] == "Many systems."
    assert extension["in_force_at"] is not None
    assert answer["due_on"] > before["due_on"]
    assert answer["clock"]["due_on"] == answer["due_on"]
    again = portal.post(at(request_, "extend"), {"reasons": "More.", "told": True})
    assert is_problem(again, 409)


def test_after_the_due_date_nothing_is_extended(portal: Caller, request_: ErasureRequest) -> None:
    ErasureRequest.objects.update(due_on=timezone.localdate() - timedelta(days=1))
    for step, body in (("extend", {"reasons": "x", "told": True}), ("pause", {"kind": "identity"})):
        response = portal.post(at(request_, step), body)
        assert is_problem(response, 409)
        assert "passed" in response.json()["detail"]


def test_the_clock_stands_and_runs_again(
    portal: Caller, request_: ErasureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    paused = portal.post(at(request_, "pause"), {"kind": "identity"}).json()
    (pause,) = paused["clock"]["pauses"]
    assert (pause["kind"], pause["ended_on"]) == ("identity", None)
    assert paused["paused_on"] == pause["started_on"]
    assert is_problem(portal.post(at(request_, "pause"), {"kind": "identity"}), 409)

    later = timezone.now() + timedelta(days=3)
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert portal.get(at(request_)).json()["due_on"] > paused["due_on"]
    running = portal.post(at(request_, "unpause"), {}).json()
    assert running["paused_on"] is None
    clock = running["clock"]
    assert clock["due_on"] > clock["due_on_without_pauses"]
    assert is_problem(portal.post(at(request_, "unpause"), {}), 409)


def test_a_request_is_given_to_somebody_who_may_decide(
    portal: Caller, request_: ErasureRequest
) -> None:
    rita, anna = make_user("rita"), make_user("anna")
    answer = portal.post(at(request_, "assign"), {"assignee": "rita"}).json()
    assert answer["assignee"] == {"id": rita.pk, "username": "rita"}
    response = portal.post(at(request_, "assign"), {"assignee": anna.username})
    assert is_problem(response, 400)
    assert pointers(response) == ["/assignee"]
    assert portal.post(at(request_, "assign"), {"assignee": None}).json()["assignee"] is None
    User.objects.update(is_active=False)
    assert is_problem(portal.post(at(request_, "assign"), {"assignee": "rita"}), 400)


def test_comments_are_internal_and_kept_in_order(portal: Caller, request_: ErasureRequest) -> None:
    first = portal.post(at(request_, "comments"), {"text": "She called."})
    assert first.status_code == 201
    portal.post(at(request_, "cancel"), {})
    portal.post(at(request_, "comments"), {"text": "She is content."})
    listed = portal.get(at(request_, "comments")).json()
    assert [one["text"] for one in listed] == ["She called.", "She is content."]
    assert listed[0] == first.json()
    assert "She called" not in portal.get(at(request_)).text


def test_a_failed_request_is_resumed(portal: Caller, request_: ErasureRequest) -> None:
    digest = portal.get(at(request_, "impact")).json()["digest"]
    portal.post(at(request_, "approve"), {"digest": digest})
    ErasureRequest.objects.update(state=State.FAILED)
    answer = portal.post(at(request_, "resume"), {}).json()
    assert answer["state"] == "retraining"


def test_a_complaint_reopens_an_answered_request(portal: Caller, request_: ErasureRequest) -> None:
    body = {"subject": ALICE, "reopens": str(request_.pk)}
    response = portal.post(URL, body)
    assert is_problem(response, 400)
    assert pointers(response) == ["/reopens"]
    portal.post(at(request_, "deny"), REFUSAL)
    complaint = portal.post(URL, body).json()["id"]
    assert portal.get(f"{URL}/{complaint}").json()["reopens"] == str(request_.pk)
    assert portal.get(at(request_)).json()["reopened_by"] == [complaint]


def test_duplicates_are_linked_both_ways(portal: Caller, request_: ErasureRequest) -> None:
    second = make_request(checked=False)
    assert portal.get(at(second)).json()["duplicate_of"] == str(request_.pk)
    assert portal.get(at(request_)).json()["duplicates"] == [str(second.pk)]


def test_what_came_from_elsewhere_is_told(portal: Caller, db: None) -> None:
    submitted = timezone.now() - timedelta(days=3)
    body = {
        "subject": "alice",
        "source": "app-ios",
        "submitted_at": submitted.isoformat(),
        "language": "de",
    }
    answer = portal.get(f"{URL}/{portal.post(URL, body).json()['id']}").json()
    assert (answer["source"], answer["language"], answer["channel"]) == ("app-ios", "de", "api")
    assert answer["submitted_at"] == submitted.isoformat().replace("+00:00", "Z")
