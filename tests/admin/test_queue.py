"""The queue: what comes first, what the filters keep, how a request is found and filed."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from compliance.erasure.identity import identity_decrypt
from compliance.erasure.models import Channel, ErasureRequest
from compliance.erasure.services import request_approve, request_cancel
from compliance.erasure.states import State
from tests.admin.conftest import make_request

pytestmark = pytest.mark.django_db
QUEUE = "admin:erasure_erasurerequest_changelist"
FIND = "admin:erasure_erasurerequest_find"
NEW = "admin:erasure_erasurerequest_new"


def due_in(days: int) -> ErasureRequest:
    request = make_request(subject=f"subject due in {days}")
    due_on = timezone.localdate() + timedelta(days=days)
    ErasureRequest.objects.filter(pk=request.pk).update(due_on=due_on)
    return request


def shown(response) -> list:
    return [request.pk for request in response.context["cl"].result_list]


def test_overdue_comes_first_and_ended_last(login, db):
    ended, later, late, soon = due_in(-9), due_in(20), due_in(-2), due_in(3)
    request_cancel(request_id=ended.pk, actor="system:test")
    response = login("rita").get(reverse(QUEUE))
    assert shown(response) == [late.pk, soon.pk, later.pk, ended.pk]
    assert "2 days overdue" in response.content.decode()
    assert "3 days left" in response.content.decode()


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("due=overdue", [0]),
        ("due=week", [1, 2]),
        ("answer=open", [0, 1, 2, 3]),
        ("answer=closed", [4]),
        ("state__exact=cancelled", [4]),
        ("channel__exact=api", []),
    ],
)
def test_filters(login, db, query, kept):
    requests = [due_in(days) for days in (-1, 0, 7, 8, 9)]
    request_cancel(request_id=requests[4].pk, actor="system:test")
    response = login("rita").get(f"{reverse(QUEUE)}?{query}")
    assert shown(response) == [requests[place].pk for place in kept]


def test_a_request_is_found_by_its_whole_number(login, erasure):
    rita = login("rita")
    response = rita.post(reverse(FIND), {"number": f" {erasure.pk} "})
    assert response.url.endswith(f"{erasure.pk}/change/")
    for wrong in (str(erasure.pk)[:8], "alice", ""):
        answer = rita.post(reverse(FIND), {"number": wrong}, follow=True)
        assert "no request with exactly this number" in answer.content.decode()


def test_a_request_is_filed(login, db):
    form = {"subject": "dora", "ground": "17(1)(b)", "identity_checked": "on"}
    login("rita").post(reverse(NEW), form)
    request = ErasureRequest.objects.get()
    assert (request.channel, request.status) == (Channel.ADMIN, State.IN_REVIEW)
    assert identity_decrypt(request.identity) == "dora"


def test_without_a_check_the_identity_is_awaited(login, db):
    login("rita").post(reverse(NEW), {"subject": "dora", "ground": "17(1)(b)"})
    assert ErasureRequest.objects.get().status is State.AWAITING_IDENTITY


def test_filing_needs_a_subject_a_ground_and_the_right(login, db):
    assert login("rita").post(reverse(NEW), {"ground": "17(1)(z)"}).status_code == 200
    for who in ("anna", "omar", "nora"):
        form = {"subject": "dora", "ground": "17(1)(b)"}
        assert login(who).post(reverse(NEW), form).status_code == 403
    assert not ErasureRequest.objects.exists()


def test_the_page_tells_what_happens_and_who_did_it(login, erasure):
    rita = login("rita")
    step = reverse("admin:erasure_erasurerequest_step", args=[erasure.pk, "approve"])
    html = rita.post(step, {"impact_read": "on"}, follow=True).content.decode()
    assert "by rita" in html
    assert "4 records erased" in html
    assert "Retrain the adapter" in html


def test_the_progress_asks_for_a_new_page_once_the_state_has_changed(login, erasure):
    request_approve(request_id=erasure.pk, actor="system:test")
    url = reverse("admin:erasure_erasurerequest_progress", args=[erasure.pk])
    rita = login("rita")
    assert "HX-Refresh" not in rita.get(f"{url}?state=approved")
    assert rita.get(f"{url}?state=in_review")["HX-Refresh"] == "true"
    assert login("nora").get(url).status_code == 403
