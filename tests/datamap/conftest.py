"""Time passes for everything in this process; rows that are made later are dated today."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from tests.exactness.conftest import emptier, world

__all__ = ["emptier", "world"]

Later = Callable[[int], None]


@pytest.fixture
def later(db: None, monkeypatch: pytest.MonkeyPatch) -> Later:
    """Go so many days on from today."""
    today = timezone.now()

    def travel(days: int) -> None:
        monkeypatch.setattr(timezone, "now", lambda: today + timedelta(days=days))

    return travel
