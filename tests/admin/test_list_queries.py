"""A list of the admin asks the database as often for thirty rows as for one."""

import pytest
from django.contrib import admin
from django.urls import reverse

from tests.crowds import CROWDS

pytestmark = pytest.mark.django_db
MANY = 30


def test_every_list_of_the_admin_is_among_those_that_are_counted():
    assert {model._meta.db_table for model in admin.site._registry} == set(CROWDS)


@pytest.mark.parametrize("name", sorted(CROWDS))
def test_the_number_of_queries_does_not_grow_with_the_rows(
    admin_client, django_assert_max_num_queries, name
):
    make, url = CROWDS[name], reverse(f"admin:{name}_changelist")
    make("row-0")
    assert admin_client.get(url).status_code == 200  # what is asked once a process is asked here
    with django_assert_max_num_queries(100) as asked_for_one:
        admin_client.get(url)
    for number in range(1, MANY):
        make(f"row-{number}")
    with django_assert_max_num_queries(len(asked_for_one)):
        response = admin_client.get(url)
    if "cl" in response.context:  # all are on the page, or as many as one page takes
        assert len(response.context["cl"].result_list) >= 25
