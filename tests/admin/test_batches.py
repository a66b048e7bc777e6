"""One step for many requests: chosen in the queue, looked at, done one by one by a worker."""

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from compliance.erasure import batch_steps, batches
from compliance.erasure.admin import batch_views
from compliance.erasure.batches import batch_give_up, item_work, items_open
from compliance.erasure.models import (
    Batch,
    BatchAction,
    BatchState,
    ErasureEvent,
    ErasureRequest,
    ItemResult,
    PauseKind,
    Refusal,
)
from compliance.erasure.services import request_deny, request_pause
from compliance.erasure.states import State
from compliance.jobs.models import Job, JobState, OutboxMessage, Queue
from compliance.records.models import Interaction, Subject
from tests.admin.acting import DENIAL, QUEUE, WORDS, state_of, text_of
from tests.admin.conftest import ALICE, make_request
from workers.runner import run_due

pytestmark = pytest.mark.django_db

STATES = [State.IN_REVIEW, State.AWAITING_IDENTITY, State.DENIED, State.IN_REVIEW]
# What each step takes, and of how many of the `mixed` requests it can be taken or not.
TAKEN = {
    BatchAction.ASSIGN: {"assignee": ""},
    BatchAction.DENY: DENIAL,
    BatchAction.EXTEND: {"reasons": "Many requests.", "told": "on"},
    BatchAction.PAUSE: {"kind": "clarification"},
    BatchAction.CANCEL: {},
}
POSSIBLE = {
    BatchAction.ASSIGN: (3, 1),
    BatchAction.DENY: (3, 1),
    BatchAction.EXTEND: (3, 1),
    BatchAction.PAUSE: (2, 2),
    BatchAction.UNPAUSE: (1, 3),
    BatchAction.CANCEL: (3, 1),
    BatchAction.RESUME: (0, 4),
}


@pytest.fixture(autouse=True)
def _no_heartbeat(settings):
    """The heartbeat has a connection of its own, which does not see this test's transaction."""
    settings.JOB_LEASE_SECONDS = 600


def choose(browser, action, requests, *, across=False, query=""):
    """Tick requests in the queue, or all that match, and choose from its menu."""
    form = {
        "action": f"{action}_many",
        "_selected_action": [str(one.pk) for one in requests],
        "select_across": "1" if across else "0",
        "index": "0",
    }
    return browser.post(reverse(QUEUE) + query, form, follow=True)


def cancel_all(browser, requests):
    """Choose to cancel, and say that nobody has told the persons yet."""
    choose(browser, "cancel", requests)
    return browser.post(page(), {}, follow=True)


def work() -> None:
    run_due([Queue.DEFAULT])


def start(browser, form=None):
    """Let each be looked at, and start it."""
    work()
    return browser.post(page(), form or {}, follow=True)


def counted(response) -> dict[str, int]:
    return {str(label): n for label, n, _colour in response.context["counts"]}


def page(batch=None) -> str:
    batch = batch or Batch.objects.latest("created_at")
    return reverse("admin:erasure_erasurerequest_batch", args=[batch.pk])


def results() -> dict[str, list[str]]:
    batch = Batch.objects.latest("created_at")
    found: dict[str, list[str]] = {}
    for item in batch.items.order_by("pk"):
        found.setdefault(item.result, []).append(item.message)
    return found


@pytest.fixture
def mixed(plan) -> list[ErasureRequest]:
    """In review, awaiting identity, denied, paused."""
    requests = [make_request(subject=f"other-{n}", checked=n != 1) for n in range(4)]
    request_deny(
        request_id=requests[2].pk, actor="user:1", article=Refusal.EXCESSIVE, text="Said before."
    )
    request_pause(request_id=requests[3].pk, actor="user:1", kind=PauseKind.IDENTITY)
    return requests


def test_choosing_does_nothing_before_it_is_started(login, mixed):
    rita = login("rita")
    response = choose(rita, "deny", mixed)
    assert "You have chosen 4 requests. Nothing has been done" in text_of(response)
    assert Batch.objects.get().state == BatchState.DRAFT
    assert not Job.objects.filter(kind=batches.BATCH).exists()
    rita.post(page(), DENIAL | {"stage": "do"})
    work()
    assert Batch.objects.get().state == BatchState.READY
    assert [state_of(one) for one in mixed] == STATES


@pytest.mark.parametrize("action", [one for one in BatchAction if one != BatchAction.APPROVE])
def test_each_is_looked_at_before_the_start_and_nothing_is_done(login, mixed, action):
    rita = login("rita")
    choose(rita, action, mixed)
    if Batch.objects.get().state == BatchState.DRAFT:
        rita.post(page(), TAKEN[action] | {"stage": "do"})
    events = ErasureEvent.objects.count()
    mails = OutboxMessage.objects.count()
    work()
    counts = counted(rita.get(page()))
    assert (counts.get("Can be done", 0), counts.get("Refused", 0)) == POSSIBLE[action]
    assert [state_of(one) for one in mixed] == STATES
    assert (ErasureEvent.objects.count(), OutboxMessage.objects.count()) == (events, mails)
    start(rita)
    work()
    possible, refused = POSSIBLE[action]
    assert len(results().get("done", [])) == possible
    assert len(results().get("refused", [])) == refused
    assert Batch.objects.get().state == BatchState.DONE


def test_what_would_be_refused_is_shown_before_the_start(login, mixed):
    rita = login("rita")
    cancel_all(rita, mixed)
    work()
    html = text_of(rita.get(page()))
    assert "A worker has looked at each" in html
    assert "Left as they are" in html
    assert html.count("Not possible: the request is in the state “Denied”.") == 1


def test_each_request_has_its_own_result_and_one_stops_no_other(login, mixed):
    rita = login("rita")
    choose(rita, "deny", mixed)
    looked = rita.post(page(), DENIAL)
    assert WORDS in looked.context["letter"].text
    assert state_of(mixed[0]) is State.IN_REVIEW
    rita.post(page(), DENIAL | {"stage": "do"})
    work()
    assert WORDS in rita.get(page()).context["written"].text
    start(rita)
    work()
    assert results() == {
        "done": ["Denied."] * 3,
        "refused": ["Not possible: the request is in the state “Denied”."],
    }
    assert [state_of(one) for one in mixed] == [State.DENIED] * 4
    html = text_of(rita.get(page()))
    assert "4 of 4" in html
    assert html.count("Denied.") == 3
    batch = Batch.objects.get()
    assert (batch.state, batch.values) == (BatchState.DONE, None)


def test_all_that_match_the_filter_are_chosen(login, mixed):
    choose(login("rita"), "cancel", mixed[:1], across=True, query="?due=paused")
    assert [item.request for item in Batch.objects.get().items.all()] == [mixed[3]]


def test_approvals_are_previewed_summed_and_then_done(login, mixed):
    rita = login("rita")
    response = choose(rita, "approve", mixed)
    assert "looks at each request" in text_of(response)
    work()
    assert Batch.objects.get().state == BatchState.READY
    asked = rita.get(page())
    assert "Approve and erase all of them" in text_of(asked)
    facts = dict(asked.context["facts"])
    assert counted(asked) == {"Can be done": 1, "Refused": 3}
    assert facts["Records erased"] == 4
    assert state_of(mixed[0]) is State.IN_REVIEW
    rita.post(page(), {"impact_read": "on"})
    work()
    assert state_of(mixed[0]) is State.APPROVED
    assert state_of(mixed[1]) is State.AWAITING_IDENTITY
    assert len(results()["refused"]) == 3
    assert any("paused" in message for message in results()["refused"])


def test_approvals_in_bulk_need_the_impact_to_be_read(login, mixed):
    rita = login("rita")
    choose(rita, "approve", mixed)
    work()
    assert "Read the impact above" in text_of(rita.post(page(), {}))
    assert Batch.objects.get().state == BatchState.READY


def test_what_has_changed_since_the_preview_is_left_as_it_is(login, mixed):
    rita = login("rita")
    choose(rita, "approve", [mixed[0]])
    work()
    Interaction.objects.filter(subject__external_id="other-0").update(rating=1)
    rita.post(page(), {"impact_read": "on"})
    work()
    assert "has changed since the preview: records" in results()["refused"][0]
    assert state_of(mixed[0]) is State.IN_REVIEW


def test_people_of_one_shard_are_approved_together(login, plan):
    """The first approval's retraining leaves out the others, who are restricted."""
    rita = login("rita")
    names = (
        Subject.objects.filter(prompts__shard=0).distinct().values_list("external_id", flat=True)
    )
    requests = [make_request(subject=name) for name in list(names)[:2]]
    assert len(requests) == 2
    choose(rita, "approve", requests)
    work()
    rita.post(page(), {"impact_read": "on"})
    work()
    assert results() == {"done": ["Approved: the records are erased."] * 2}


def test_two_requests_of_one_person_erase_once(login, plan):
    rita, requests = login("rita"), [make_request(), make_request()]
    choose(rita, "approve", requests)
    work()
    rita.post(page(), {"impact_read": "on"})
    work()
    assert {state_of(one) for one in requests} == {State.APPROVED, State.IN_REVIEW}
    assert not Subject.objects.filter(external_id=ALICE).exists()


def test_requests_are_assigned_extended_paused_and_cancelled(login, mixed):
    rita = login("rita")
    me = User.objects.get(username="rita")
    choose(rita, "assign", mixed[:2])
    rita.post(page(), {"assignee": me.pk})
    start(rita)
    work()
    assert [ErasureRequest.objects.get(pk=one.pk).assignee for one in mixed[:2]] == [me, me]
    choose(rita, "extend", mixed[:2])
    rita.post(page(), {"reasons": "Many requests.", "told": "on", "stage": "do"})
    start(rita)
    work()
    assert results() == {"done": ["Extended.", "Extended."]}
    choose(rita, "pause", mixed[:2])
    rita.post(page(), {"kind": "clarification"})
    start(rita)
    work()
    assert results() == {"done": ["The clock is paused."] * 2}
    choose(rita, "unpause", mixed[:2])
    start(rita)
    work()
    assert results() == {"done": ["The clock runs again."] * 2}
    cancel_all(rita, mixed[:2])
    start(rita)
    work()
    assert [state_of(one) for one in mixed[:2]] == [State.CANCELLED] * 2


def test_a_batch_is_started_once_and_by_whoever_chose_it(login, mixed):
    rita, otto = login("rita"), login("otto")
    cancel_all(rita, mixed[:1])
    assert "started already" in text_of(rita.post(page(), {}, follow=True)), "It is looked at."
    work()
    assert "somebody else chose it" in text_of(otto.post(page(), {}, follow=True))
    assert Batch.objects.get().state == BatchState.READY
    rita.post(page(), {})
    assert "started already" in text_of(rita.post(page(), {}, follow=True))
    assert Job.objects.filter(kind=batches.BATCH).count() == 2


def test_nothing_and_too_much_are_refused(login, mixed, monkeypatch):
    monkeypatch.setattr(batches, "MAX_ITEMS", 3)
    monkeypatch.setattr(batch_views, "MAX_ITEMS", 3)
    rita = login("rita")
    html = text_of(choose(rita, "cancel", mixed, across=True))
    assert "More than 3 requests match" in html
    assert not Batch.objects.exists()
    choose(rita, "cancel", [])
    assert not Batch.objects.exists()


def test_other_roles_have_no_such_menu(login, mixed):
    for who in ("anna", "omar"):
        choose(login(who), "cancel", mixed)
        assert "cancel_many" not in text_of(login(who).get(reverse(QUEUE)))
    assert choose(login("nora"), "cancel", mixed).status_code == 403
    assert not Batch.objects.exists()
    choose(login("rita"), "cancel", mixed)
    for who in ("anna", "omar", "nora"):
        assert login(who).get(page()).status_code == 403
        assert login(who).post(page(), {}).status_code == 403


@pytest.mark.parametrize("taken", ["is_active", "is_staff"])
def test_who_may_decide_no_more_does_nothing_more(login, mixed, taken):
    rita = login("rita")
    cancel_all(rita, mixed[:1])
    start(rita)
    User.objects.filter(username="rita").update(**{taken: False})
    work()
    assert "may not decide" in results()["refused"][0]
    assert state_of(mixed[0]) is State.IN_REVIEW


def test_a_worker_that_comes_again_does_nothing_twice(login, mixed):
    rita = login("rita")
    cancel_all(rita, mixed[:2])
    start(rita)
    batch = Batch.objects.get()
    first = items_open(batch)[0]
    item_work(item_id=first)  # and then it was killed
    events = mixed[0].events.count()
    item_work(item_id=first)
    assert mixed[0].events.count() == events
    work()
    assert results() == {"done": ["Cancelled.", "Cancelled."]}
    assert mixed[0].events.count() == events


def test_an_error_ends_one_item_leaves_nothing_of_it_and_quotes_nothing(
    login, mixed, monkeypatch, caplog
):
    real = batch_steps._ACTS[BatchAction.CANCEL]

    def breaks(item, values):
        words = real(item, values)
        if item.batch.state == BatchState.RUNNING and item.request_id == mixed[0].pk:
            raise ValueError(f"no luck with {ALICE}")
        return words

    monkeypatch.setitem(batch_steps._ACTS, BatchAction.CANCEL, breaks)
    rita = login("rita")
    cancel_all(rita, mixed[:2])
    start(rita)
    work()
    assert results()["failed"] == ["An error: ValueError. Try it alone."]
    assert state_of(mixed[0]) is State.IN_REVIEW
    assert state_of(mixed[1]) is State.CANCELLED
    assert ALICE not in caplog.text + text_of(rita.get(page()))


def test_a_batch_whose_worker_failed_says_what_was_not_done(login, mixed):
    rita = login("rita")
    cancel_all(rita, mixed[:2])
    start(rita)
    batch = Batch.objects.get()
    item_work(item_id=items_open(batch)[0])
    batch_give_up(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.values) == (BatchState.DONE, None)
    assert [len(results()[one]) for one in (ItemResult.DONE, ItemResult.FAILED)] == [1, 1]


def test_the_progress_page_reloads_when_there_is_something_to_read(login, mixed):
    rita = login("rita")
    cancel_all(rita, mixed[:1])
    start(rita)
    url = page() + "progress/"
    assert "HX-Refresh" not in rita.get(url)
    work()
    assert rita.get(url)["HX-Refresh"] == "true"
    assert {job.state for job in Job.objects.filter(kind=batches.BATCH)} == {JobState.SUCCEEDED}


def test_what_was_written_stands_encrypted_until_it_is_done(login, mixed):
    rita = login("rita")
    choose(rita, "deny", mixed[:1])
    rita.post(page(), DENIAL | {"stage": "do"})
    assert WORDS.encode() not in bytes(Batch.objects.get().values)


def test_a_choice_without_the_token_is_refused(login, mixed):
    rita = login("rita")
    rita.handler.enforce_csrf_checks = True
    assert choose(rita, "cancel", mixed).status_code == 403
    assert not Batch.objects.exists()


def test_two_persons_approve_many_one_after_the_other(login, mixed, settings):
    settings.FOUR_EYES = True
    for name in ("rita", "otto"):
        browser = login(name)
        choose(browser, "approve", mixed[:1])
        start(browser, {"impact_read": "on"})
        work()
        said = results()["done"]
        if name == "rita":
            assert said == ["Approved by you; a second person has to approve too."]
            choose(browser, "approve", mixed[:1])
            work()
            assert "you were the first" in results()["refused"][0]
    assert said == ["Approved: the records are erased."]
    assert state_of(mixed[0]) is State.APPROVED
