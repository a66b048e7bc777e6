"""Ada reads German: her browser says so. The cast of the portal and of the review is theirs."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.admin.conftest import erasure, plan  # noqa: F401 - fixtures
from tests.erasure.conftest import at, in_berlin  # noqa: F401 - fixtures
from tests.portal.conftest import _no_waiting, customers  # noqa: F401 - fixtures

GERMAN = {"Accept-Language": "de-AT, de;q=0.9, en;q=0.5"}


@pytest.fixture
def ada(db) -> Client:
    """A person's browser."""
    return Client(headers=GERMAN, enforce_csrf_checks=True)


@pytest.fixture
def ada_at_work(db) -> Client:
    """The browser of somebody who may see every page of the admin."""
    client = Client(headers=GERMAN)
    client.force_login(User.objects.create_superuser("ada"))
    return client
