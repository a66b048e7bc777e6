"""How often a client may call."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from compliance.accounts.models import ApiClient, Throttle
from tests.api.conftest import Caller, is_problem

REQUESTS = "/api/v1/erasure-requests"


@pytest.fixture(autouse=True)
def two_a_minute(settings) -> None:
    settings.API_CALLS_PER_MINUTE = 2


def test_beyond_the_limit_it_is_a_429_that_says_when(shop: Caller) -> None:
    assert [shop.get(REQUESTS).status_code for _ in range(2)] == [200, 200]
    response = shop.get(REQUESTS)
    assert is_problem(response, 429)
    assert response.json()["type"].endswith("/too-many-calls")
    assert 0 < int(response.headers["Retry-After"]) <= 60
    assert f"in {response.headers['Retry-After']} s" in response.json()["detail"]


def test_a_call_beyond_the_limit_does_nothing(shop: Caller) -> None:
    for _ in range(2):
        shop.get(REQUESTS)
    assert is_problem(shop.post(REQUESTS, {"subject": "alice"}), 429)
    Throttle.objects.update(ends_at=timezone.now() - timedelta(seconds=1))
    assert shop.get(REQUESTS).json()["results"] == []


def test_all_endpoints_count_together(shop: Caller) -> None:
    shop.get(REQUESTS)
    shop.post("/api/v1/recommendations", {})
    assert is_problem(shop.get(REQUESTS), 429)


def test_clients_are_counted_apart(shop: Caller, portal: Caller) -> None:
    for _ in range(3):
        shop.get(REQUESTS)
    assert portal.get(REQUESTS).status_code == 200


def test_a_client_can_have_a_limit_of_its_own(shop: Caller) -> None:
    ApiClient.objects.update(calls_per_minute=4)
    statuses = [shop.get(REQUESTS).status_code for _ in range(5)]
    assert statuses == [200] * 4 + [429]


def test_what_needs_no_key_is_not_counted(db: None) -> None:
    assert [Client().get("/api/schema/").status_code for _ in range(3)] == [200] * 3
