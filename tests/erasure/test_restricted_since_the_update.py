"""Who was in review when an installation was updated is restricted from then on."""

from importlib import import_module

import pytest
from django.db import connection

from compliance.erasure.services import request_cancel
from compliance.records.models import Restriction
from compliance.records.restricted import restrictions
from compliance.records.scope import EVERYTHING, Scope
from tests.erasure.conftest import ALICE, ask

pytestmark = pytest.mark.django_db
RESTRICT = import_module("compliance.erasure.migrations.0014_restrictions").RESTRICT


def update() -> int:
    with connection.cursor() as cursor:
        cursor.execute(RESTRICT)
        return int(cursor.rowcount)


@pytest.mark.parametrize("scope", [EVERYTHING, Scope(items=frozenset({"i-1"}))])
def test_a_request_in_review_has_the_restriction_that_it_would_get_now(scope):
    request = ask(scope=scope)
    Restriction.objects.all().delete()
    assert update() == 1
    [found] = restrictions(ALICE)
    assert (found.external_id, found.scope) == (ALICE, scope)
    request_cancel(request_id=request.pk, actor="user:1", told=True)
    assert not Restriction.objects.exists()


def test_others_get_none_and_nobody_a_second_one():
    ask(checked=False)
    request = ask()
    assert update() == 0
    assert Restriction.objects.get().request_id == request.pk
