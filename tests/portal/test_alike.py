"""Nobody learns from the portal who is a customer: every answer is the same for all."""

import re
from time import monotonic

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from compliance.erasure.links import status_path
from compliance.portal import pages
from tests.portal.conftest import ALICE, BOB, NOBODY, WISH, ask, asked, hidden, press, submit

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("customers")]
ALL = (ALICE, BOB, NOBODY)
# What differs by chance, for whomever it is.
BY_CHANCE = [
    r"[0-9a-f]{8}-[0-9a-f-]{27}",
    r"(?<=/)[\w-]{43}",
    r'(?<=name="csrfmiddlewaretoken" value=")\w+',
    r"\d+:\d+( a\.m\.| p\.m\.)?",
    *ALL,
]


def alike(response):
    text = response.content.decode()
    for one in BY_CHANCE:
        text = re.sub(one, "*", text)
    place = re.sub(BY_CHANCE[1], "*", re.sub(BY_CHANCE[0], "*", response.get("Location", "")))
    return response.status_code, place, text, {k: v for k, v in response.items() if k != "Location"}


def assert_alike(answers):
    first, *others = (alike(answer) for answer in answers)
    for other in others:
        assert other == first


def test_asking_is_answered_alike(person):
    assert_alike([ask(person, who) for who in ALL])


def test_a_form_with_a_fault_is_answered_alike(person):
    assert_alike([ask(person, who, ground="") for who in ALL])


def test_a_lost_link_is_answered_alike(person):
    asked(person)
    assert_alike([submit(person, "/requests/lost", subject=who) for who in ALL])


def test_the_page_is_alike_until_the_identity_is_known(person):
    requests = [asked(person, who) for who in ALL]
    assert_alike([person.get(status_path(one.pk)) for one in requests])
    assert_alike([press(person, status_path(one.pk), code="00000000") for one in requests])
    assert_alike([press(person, status_path(one.pk), resend="1") for one in requests])
    for _ in range(5):
        answers = [press(person, status_path(one.pk), code="00000001") for one in requests]
        assert_alike(answers)
    assert_alike([person.get(status_path(one.pk)) for one in requests])
    assert_alike([press(person, status_path(one.pk) + "/cancel") for one in requests])
    assert_alike([person.get(status_path(one.pk)) for one in requests])


def queries(call, *arguments, **values):
    with CaptureQueriesContext(connection) as captured:
        call(*arguments, **values)
    statements = [one["sql"].split()[:3] for one in captured]
    return [words for words in statements if "SAVEPOINT" not in words]


def test_pages_and_codes_take_the_same_queries(person):
    requests = [asked(person, who) for who in ALL]
    paths = [status_path(one.pk) for one in requests]
    shown = [queries(person.get, path) for path in paths]
    assert shown[0] == shown[1] == shown[2]
    checked = [queries(press, person, path, code="00000000") for path in paths]
    assert checked[0] == checked[1] == checked[2]


def test_asking_differs_in_nothing_but_the_mail_that_is_queued(person):
    taken = []
    for who in ALL:
        form = hidden(person.get("/requests/").content.decode()) | WISH | {"subject": who}
        taken.append(queries(person.post, "/requests/", form))
    assert taken[1] == taken[2]
    more = [one for one in taken[0] if one not in taken[1]]
    tables = {one[2] for one in more if one[0] == "INSERT"}
    assert tables == {'"jobs_outboxmessage"', '"jobs_job"'}


@pytest.mark.parametrize("who", [ALICE, NOBODY])
def test_answers_leave_on_the_beat(person, monkeypatch, who):
    form = hidden(person.get("/requests/").content.decode()) | WISH | {"subject": who}
    monkeypatch.setattr(pages, "BEAT", 0.6)
    begun = monotonic()
    person.post("/requests/", form)
    taken = monotonic() - begun
    assert 0 <= (taken % 0.6) < 0.1
    assert taken > 0.5
