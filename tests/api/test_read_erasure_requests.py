"""GET /api/v1/erasure-requests and /api/v1/erasure-requests/{id}."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from compliance.erasure.models import Channel, ErasureRequest, Ground, IdentityMethod, TouchedShard
from compliance.erasure.services import request_cancel, request_receive
from compliance.jobs.models import Job, JobState, Queue
from compliance.provenance.models import Adapter, AdapterState, Plan
from tests.api.conftest import Caller, is_problem, pointers

URL = "/api/v1/erasure-requests"
NOBODYS = "5f3a1f0e-6f39-4d0b-9d0b-2f1f0c3f4a11"


def file(subject: str = "alice", *, asserted: bool = False) -> ErasureRequest:
    return request_receive(
        subject=subject,
        channel=Channel.API,
        ground=Ground.OBJECTION,
        actor="client:1",
        identity=IdentityMethod.ASSERTED if asserted else None,
    )


def file_at(moment: datetime, monkeypatch: pytest.MonkeyPatch) -> ErasureRequest:
    with monkeypatch.context() as patch:
        patch.setattr(timezone, "now", lambda: moment)
        return file()


def ids(response) -> list[str]:
    return [entry["id"] for entry in response.json()["results"]]


@pytest.mark.parametrize("path", [URL, f"{URL}/{NOBODYS}"])
def test_it_needs_a_key(stranger: Caller, db: None, path: str) -> None:
    assert is_problem(stranger.get(path), 401)


@pytest.mark.parametrize("path", [URL, f"{URL}/{NOBODYS}"])
def test_it_needs_the_scope(outsider: Caller, path: str) -> None:
    response = outsider.get(path)
    assert is_problem(response, 403)
    assert "erasure:read" in response.json()["detail"]


def test_it_lists_the_latest_first(shop: Caller) -> None:
    first, second = file(), file("bob")
    assert ids(shop.get(URL)) == [str(second.pk), str(first.pk)]


def test_it_gives_pages(shop: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("compliance.accounts.paging.ReceiptPagination.page_size", 2)
    filed = [str(file().pk) for _ in range(5)]
    seen, address = [], URL
    while address:
        page = shop.get(address)
        seen += ids(page)
        address = page.json()["next"]
    assert seen == filed[::-1]


def test_it_filters_by_state(shop: Caller) -> None:
    file()
    cancelled = file()
    request_cancel(request_id=cancelled.pk, actor="user:1")
    assert ids(shop.get(f"{URL}?state=cancelled")) == [str(cancelled.pk)]
    assert ids(shop.get(f"{URL}?state=denied")) == []


def test_it_filters_by_overdue(shop: Caller) -> None:
    fresh, late, late_but_answered = file(), file(), file()
    yesterday = timezone.localdate() - timedelta(days=1)
    ErasureRequest.objects.exclude(pk=fresh.pk).update(due_on=yesterday)
    request_cancel(request_id=late_but_answered.pk, actor="user:1")
    assert ids(shop.get(f"{URL}?overdue=true")) == [str(late.pk)]
    assert set(ids(shop.get(f"{URL}?overdue=false"))) == {str(fresh.pk), str(late_but_answered.pk)}


def test_a_clock_that_stands_is_not_overdue(shop: Caller) -> None:
    standing, late = file(), file()
    yesterday = timezone.localdate() - timedelta(days=1)
    ErasureRequest.objects.update(due_on=yesterday)
    ErasureRequest.objects.filter(pk=standing.pk).update(paused_on=yesterday - timedelta(days=2))
    assert ids(shop.get(f"{URL}?overdue=true")) == [str(late.pk)]
    assert ids(shop.get(f"{URL}?paused=true")) == [str(standing.pk)]
    assert ids(shop.get(f"{URL}?paused=false")) == [str(late.pk)]


def test_it_filters_by_channel(shop: Caller) -> None:
    filed = file()
    assert ids(shop.get(f"{URL}?channel=api")) == [str(filed.pk)]
    assert ids(shop.get(f"{URL}?channel=portal")) == []


def test_it_filters_by_who_looks_after_it(shop: Caller) -> None:
    nobodys, ritas = file(), file()
    rita = User.objects.create_user("rita")
    ErasureRequest.objects.filter(pk=ritas.pk).update(assignee=rita)
    assert ids(shop.get(f"{URL}?assignee={rita.pk}")) == [str(ritas.pk)]
    assert ids(shop.get(f"{URL}?assignee=none")) == [str(nobodys.pk)]


def test_it_filters_by_days_where_the_controller_is(
    shop: Caller, settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.TIME_ZONE = "Europe/Berlin"
    timezone.get_default_timezone.cache_clear()
    # The second is on the 10th in Berlin.
    moments = [datetime(2026, 3, 9, 22, 30, tzinfo=UTC), datetime(2026, 3, 9, 23, 30, tzinfo=UTC)]
    early, late = (file_at(moment, monkeypatch) for moment in moments)
    assert ids(shop.get(f"{URL}?received_from=2026-03-10")) == [str(late.pk)]
    assert ids(shop.get(f"{URL}?received_to=2026-03-09")) == [str(early.pk)]
    assert ids(shop.get(f"{URL}?received_from=2026-03-10&received_to=2026-03-09")) == []
    settings.TIME_ZONE = "UTC"
    timezone.get_default_timezone.cache_clear()


def test_it_filters_by_due_date_and_all_filters_together(shop: Caller) -> None:
    first, second = file(), file()
    ErasureRequest.objects.filter(pk=first.pk).update(due_on="2026-03-01")
    ErasureRequest.objects.filter(pk=second.pk).update(due_on="2026-03-02")
    assert ids(shop.get(f"{URL}?due_from=2026-03-02&due_to=2026-03-02")) == [str(second.pk)]
    assert ids(shop.get(f"{URL}?due_to=2026-03-01&channel=api")) == [str(first.pk)]
    assert ids(shop.get(f"{URL}?due_to=2026-03-01&state=denied")) == []


def cursor(text: str) -> str:
    return b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ("state=lost", "/state"),
        ("state=denied&state=in_review", "/state"),
        ("state=", "/state"),
        ("state=%00", "/state"),
        ("overdue=yes", "/overdue"),
        ("subject=alice", ""),
        ("paused=1", "/paused"),
        ("channel=pigeon", "/channel"),
        ("assignee=alice", "/assignee"),
        ("assignee=-1", "/assignee"),
        ("received_from=yesterday", "/received_from"),
        ("received_to=9999-12-31", "/received_to"),
        ("due_from=0001-01-01", "/due_from"),
        ("due_to=2026-02-30", "/due_to"),
        ("cursor=x", "/cursor"),
        ("cursor=%00", "/cursor"),
        (f"cursor={cursor('p=abc')}", "/cursor"),
        (f"cursor={cursor('p=2026-13-45 00:00:00+00:00')}", "/cursor"),
        (f"cursor={cursor('p=0001-01-01 00:00:00%2B23:59')}", "/cursor"),
        (f"cursor={cursor('o=-1')}", "/cursor"),
        (f"cursor={cursor('p=%00')}", "/cursor"),
        (f"cursor={cursor('p=9999-12-31 23:59:59-23:59')}", "/cursor"),
        (f"cursor={cursor('p=2026-01-01 00:00:00-23:59')}", "/cursor"),
    ],
)
def test_it_says_which_parameter_is_wrong(shop: Caller, query: str, where: str) -> None:
    response = shop.get(f"{URL}?{query}")
    assert is_problem(response, 400)
    assert pointers(response) == [where]
    assert "alice" not in response.text


def test_it_shows_where_a_request_stands(shop: Caller) -> None:
    request = file(asserted=True)
    answer = shop.get(f"{URL}/{request.pk}").json()
    assert (answer["state"], answer["ground"]) == ("in_review", "17(1)(c)")
    assert answer["verified_at"] is not None
    assert answer["completed_at"] is answer["decided_at"] is None
    assert answer["erased_interactions"] is None
    assert answer["touched_shards"] == []
    steps = [(step["from"], step["to"], step["actor"]) for step in answer["history"]]
    assert steps == [("", "received", "client"), ("received", "in_review", "client")]


def test_it_shows_how_far_the_retraining_is(shop: Caller, plan: Plan) -> None:
    request = file()
    adapter = Adapter.objects.create(
        plan=plan, shard=1, generation=2, state=AdapterState.TRAINING, first_slice=0, manifest=[]
    )
    TouchedShard.objects.create(
        request=request,
        plan=plan,
        shard=1,
        first_slice=0,
        generation=2,
        manifest_before=[],
        removed=b"",
    )
    path = f"{URL}/{request.pk}"
    assert shop.get(path).json()["touched_shards"][0]["progress"] is None

    Job.objects.create(
        queue=Queue.TRAIN,
        kind="train",
        target=str(adapter.pk),
        state=JobState.RUNNING,
        lease_expires_at=timezone.now(),
        progress_done=3,
        progress_total=8,
    )
    (shard,) = shop.get(path).json()["touched_shards"]
    assert shard == {
        "shard": 1,
        "generation": 2,
        "adapter": "training",
        "replay": "not-run",
        "progress": {"kind": "train", "state": "running", "done": 3, "total": 8},
    }


def test_an_unknown_id_is_a_404(shop: Caller) -> None:
    response = shop.get(f"{URL}/{NOBODYS}")
    assert is_problem(response, 404)
    assert "no erasure request" in response.json()["detail"]


def test_no_answer_names_the_subject(shop: Caller) -> None:
    request = file("alice-in-wonderland")
    assert "wonderland" not in shop.get(URL).text + shop.get(f"{URL}/{request.pk}").text
