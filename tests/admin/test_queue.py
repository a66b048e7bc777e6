"""The queue: what comes first, what the filters keep, how long it may be."""

from datetime import date, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from compliance.erasure.admin import paging, queue
from compliance.erasure.models import ErasureRequest, PauseKind
from compliance.erasure.services import request_assign, request_cancel, request_pause
from compliance.erasure.states import State
from tests.admin.acting import QUEUE, at, do, text_of
from tests.admin.conftest import make_request
from tests.approving import approve

pytestmark = pytest.mark.django_db


def due_in(days: int) -> ErasureRequest:
    request = make_request(subject=f"subject due in {days}")
    due_on = timezone.localdate() + timedelta(days=days)
    ErasureRequest.objects.filter(pk=request.pk).update(due_on=due_on)
    request.refresh_from_db()
    return request


def pause_since(request: ErasureRequest, days: int) -> None:
    request_pause(request_id=request.pk, actor="user:1", kind=PauseKind.IDENTITY)
    since = timezone.localdate() - timedelta(days=days)
    ErasureRequest.objects.filter(pk=request.pk).update(paused_on=since)


def shown(response) -> list:
    return [request.pk for request in response.context["cl"].result_list]


def test_overdue_comes_first_then_what_is_due_then_what_is_paused_and_ended_last(login, db):
    ended, later, late, soon, stands = (due_in(days) for days in (-9, 20, -2, 3, 1))
    request_cancel(request_id=ended.pk, actor="system:test")
    pause_since(stands, 10)
    response = login("rita").get(reverse(QUEUE))
    assert shown(response) == [late.pk, soon.pk, later.pk, stands.pk, ended.pk]
    assert "2 days overdue" in text_of(response)
    assert "3 days left" in text_of(response)


def test_a_paused_clock_stands_and_says_so(login, db):
    request = due_in(4)
    pause_since(request, 10)
    html = text_of(login("rita").get(reverse(QUEUE)))
    assert "paused since" in html
    assert "14 days left" in html
    assert "days overdue" not in html


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("due=overdue", [0]),
        ("due=week", [1, 2]),
        ("due=paused", [5]),
        ("answer=open", [0, 1, 2, 3, 5]),
        ("answer=closed", [4]),
        ("state__exact=cancelled", [4]),
        ("channel__exact=api", []),
        ("whose=mine", [1]),
        ("whose=somebody", [1, 2]),
        ("whose=nobody", [0, 3, 5]),
        ("restricted=yes", [0, 1, 2, 3, 5, 4]),
        ("restricted=untold", [4]),
        ("duplicate=yes", []),
        ("duplicate=no&answer=open", [0, 1, 2, 3, 5]),
    ],
)
def test_filters(login, db, query, kept):
    rita, otto = login("rita"), login("otto")
    requests = [due_in(days) for days in (-1, 0, 7, 8, 9, 5)]
    request_cancel(request_id=requests[4].pk, actor="system:test")
    pause_since(requests[5], 6)
    for place, name in ((1, "rita"), (2, "otto")):
        who = User.objects.get(username=name)
        request_assign(request_id=requests[place].pk, actor="user:1", assignee=who)
    assert shown(rita.get(f"{reverse(QUEUE)}?{query}")) == [requests[place].pk for place in kept]
    assert otto.get(f"{reverse(QUEUE)}?{query}").status_code == 200


def test_a_duplicate_is_marked_and_linked(login, plan):
    first, second = make_request(), make_request()
    rita = login("rita")
    assert shown(rita.get(f"{reverse(QUEUE)}?duplicate=yes")) == [second.pk]
    assert f"duplicate of {str(first.pk)[:8]}" in text_of(rita.get(reverse(QUEUE)))
    assert at(first) in text_of(rita.get(at(second))).split("What is asked")[1]
    assert at(second) in text_of(rita.get(at(first))).split("What is asked")[1]


def test_no_more_is_counted_than_can_be_listed(login, db, monkeypatch):
    monkeypatch.setattr(paging, "MAX_ITEMS", 3)
    monkeypatch.setattr(queue.ErasureRequestAdmin, "list_per_page", 2)
    requests = [due_in(days) for days in range(6)]
    rita = login("rita")
    first = rita.get(reverse(QUEUE))
    assert shown(first) == [requests[0].pk, requests[1].pk]
    assert first.context["cl"].result_count == 4
    assert rita.get(f"{reverse(QUEUE)}?p=2").status_code == 200
    assert "e=1" in rita.get(f"{reverse(QUEUE)}?p=3").url


def test_the_page_of_a_request_says_who_did_what(login, erasure):
    html = text_of(do(login("rita"), erasure, "approve"))
    assert "Approved</strong> by rita" in html
    assert "4 records erased" in html
    assert "Retrain the adapter" in html


def test_the_progress_asks_for_a_new_page_once_the_state_has_changed(login, erasure):
    approve(erasure)
    rita, url = login("rita"), at(erasure, "progress")
    assert "HX-Refresh" not in rita.get(f"{url}?state=approved")
    assert rita.get(f"{url}?state=in_review")["HX-Refresh"] == "true"
    assert login("nora").get(url).status_code == 403


def test_the_overview_counts_no_paused_request_as_overdue(login, db):
    pause_since(due_in(2), 10)
    figures = {one.title: one.number for one in login("rita").get("/admin/").context["figures"]}
    assert (figures["Open"], figures["Overdue"], figures["Due within 7 days"]) == (1, 0, 0)
    assert ErasureRequest.objects.get().status is State.IN_REVIEW
    assert ErasureRequest.objects.overdue(date.today()).count() == 0


def test_the_queue_comes_from_its_index(login, db):
    due_in(1)
    rita = login("rita")
    with CaptureQueriesContext(connection) as made:
        rita.get(reverse(QUEUE))
    (listed,) = (one["sql"] for one in made if "ORDER BY CASE" in one["sql"])
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
        cursor.execute(f"EXPLAIN {listed}")
        assert "Index Scan using request_queue" in str(cursor.fetchall())


def test_more_requests_take_no_more_queries(login, db):
    rita = login("rita")
    counts = []
    for number in (1, 8):
        for day in range(number):
            due_in(day)
        with CaptureQueriesContext(connection) as made:
            rita.get(reverse(QUEUE))
        counts.append(len(made))
    assert counts[0] == counts[1] < 10
