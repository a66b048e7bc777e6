"""The list of restrictions in force: linked with the requests, and without a word of who it is."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from compliance.records.models import Restriction
from compliance.records.parking import Parked, parked_add
from compliance.records.scope import Scope
from compliance.sealing import seal
from tests.admin.conftest import ALICE, make_request

pytestmark = pytest.mark.django_db
LIST = "/admin/records/restriction/"


@pytest.fixture
def other(erasure):
    """Another person's request, about one item."""
    return make_request(subject="other-1", scope=Scope(items=frozenset({"i-1"})))


def page(browser, **filters: str) -> str:
    response = browser.get(LIST, filters)
    assert response.status_code == 200
    return response.content.decode()


def listed(html: str, request) -> bool:
    return reverse("admin:erasure_erasurerequest_change", args=[request.pk]) in html


def park(request, hours: int) -> None:
    row = Restriction.objects.get(request_id=request.pk)
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
    parked_add(ALICE, row.pk, Parked("i-1", Decimal(4), at))


def test_each_restriction_links_to_its_request_and_counts_what_is_parked(login, erasure, other):
    park(erasure, 1)
    park(erasure, 2)
    html = page(login("anna"))
    assert listed(html, erasure)
    assert listed(html, other)
    rows = [row for row in html.split("<tr")[1:] if "/change/" in row]
    counts = {
        number: str(request.pk) in row
        for row in rows
        for number, request in (("2", erasure), ("0", other))
        if f">{number}</td>" in "".join(row.split())
    }
    assert counts == {"2": True, "0": True}


def test_nobody_is_named_and_no_secret_is_read(login, erasure):
    otto = login("otto")
    with CaptureQueriesContext(connection) as queries:
        html = page(otto)
    assert ALICE not in html
    asked = [query["sql"] for query in queries.captured_queries]
    assert not [sql for sql in asked if '"records_restriction"."identity"' in sql]


def test_it_can_be_narrowed_by_scope_and_what_is_parked(login, erasure, other):
    park(erasure, 1)
    anna = login("anna")
    for filters in ({"parked": "yes"}, {"scope": "everything"}):
        html = page(anna, **filters)
        assert listed(html, erasure), filters
        assert not listed(html, other), filters
    for filters in ({"parked": "no"}, {"scope": "items"}):
        html = page(anna, **filters)
        assert listed(html, other), filters
        assert not listed(html, erasure), filters


def test_it_can_be_narrowed_by_age(login, erasure):
    old = make_request(subject="other-2", checked=False)
    since = timezone.now() - timedelta(days=31)
    Restriction.objects.create(
        request_id=old.pk, tag=b"t" * 32, identity=seal("other-2"), since=since
    )
    anna = login("anna")
    html = page(anna, age="30")
    assert listed(html, old)
    assert not listed(html, erasure)
    assert "Nothing matches" in page(anna, age="90")


def test_an_empty_list_says_when_it_fills(login, db):
    assert "Nobody&#x27;s records are restricted" in page(login("anna"))


def test_the_request_links_to_the_list(login, erasure):
    url = reverse("admin:erasure_erasurerequest_change", args=[erasure.pk])
    assert LIST in login("omar").get(url).content.decode()


def test_there_is_nothing_to_change_and_who_sees_no_requests_sees_none(login, erasure):
    row = Restriction.objects.get()
    anna = login("anna")
    for way in ("add/", f"{row.pk}/change/", f"{row.pk}/delete/"):
        assert anna.get(f"{LIST}{way}").status_code == 404
    assert login("nora").get(LIST).status_code == 403


def test_a_long_list_has_pages(login, erasure):
    for number in range(26):
        make_request(subject=f"stranger-{number}")
    anna = login("anna")
    assert "p=2" in page(anna)
    assert not listed(page(anna, p="2"), erasure)
