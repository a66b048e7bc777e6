"""Sue works here; her password is known to the tests alone."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

PASSWORD = "a long pass phrase"


@pytest.fixture
def sue(db: None) -> User:
    return User.objects.create_user("sue", password=PASSWORD, is_staff=True)


@pytest.fixture
def log_in() -> Callable[..., Any]:
    """Try to log in with a browser of its own, or a given one."""

    def attempt(
        name: str = "sue", password: str = PASSWORD, *, browser: Client | None = None, **meta: str
    ) -> Any:
        form = {"username": name, "password": password}
        return (browser or Client()).post(reverse("admin:login"), form, **meta)

    return attempt
