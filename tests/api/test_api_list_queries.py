"""A list of the API asks the database as often for thirty rows as for one."""

import pytest

from tests.crowds import CROWDS

pytestmark = pytest.mark.django_db
MANY = 30
LISTS = {
    "/api/v1/erasure-requests": "evidence_certificate",
    "/api/v1/deliveries": "jobs_outboxmessage",
    "/api/v1/reports/requests": "evidence_certificate",
    "/api/v1/reports/monthly": "evidence_certificate",
}


@pytest.mark.parametrize("path", LISTS)
def test_the_number_of_queries_does_not_grow_with_the_rows(
    shop, django_assert_max_num_queries, path
):
    make = CROWDS[LISTS[path]]
    make("row-0")
    body(shop.get(path))
    with django_assert_max_num_queries(100) as asked_for_one:
        body(shop.get(path))
    for number in range(1, MANY):
        make(f"row-{number}")
    with django_assert_max_num_queries(len(asked_for_one)):
        text = body(shop.get(path))
    assert text


def body(response) -> bytes:
    assert response.status_code == 200, response.content
    return response.getvalue()
