"""Each step's page says how the request stands, and which records are meant."""

import pytest
from django.utils import timezone

from compliance.erasure.models import ErasureRequest
from compliance.records.scope import Scope
from tests.admin.acting import do, step, text_of
from tests.admin.conftest import make_request

pytestmark = pytest.mark.django_db
STEPS = ("approve", "approve-part", "deny", "extend", "pause", "assign", "cancel")


@pytest.mark.parametrize("name", STEPS)
def test_the_days_that_are_left_stand_on_each_step(login, erasure, name):
    left = (ErasureRequest.objects.get().due_on - timezone.localdate()).days
    html = text_of(login("rita").get(step(erasure, name)))
    assert f"{left} days left" in html


def test_an_approval_says_which_records_it_erases(login, plan):
    request = make_request(scope=Scope(items=frozenset({"i-1"})))
    html = text_of(login("rita").get(step(request, "approve")))
    assert "Scope" in html
    assert "<li>i-1</li>" in html


def test_the_first_of_two_is_told_that_nothing_is_erased_yet(login, erasure, settings):
    settings.FOUR_EYES = True
    html = text_of(login("rita").get(step(erasure, "approve")))
    assert "Approve as the first of two" in html
    assert "Approve and erase now" not in html
    settings.FOUR_EYES = False
    html = text_of(login("rita").get(step(erasure, "approve")))
    assert "Approve and erase now" in html
    assert "first of two" not in html


def test_the_second_of_two_is_told_that_it_erases(login, erasure, settings):
    settings.FOUR_EYES = True
    do(login("rita"), erasure, "approve")
    html = text_of(login("otto").get(step(erasure, "approve")))
    assert "Approve and erase now" in html
    assert "first of two" not in html
