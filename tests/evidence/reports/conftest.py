"""Requests of Alice and Bob, made and ended at set times. The clock is Berlin's."""

from collections.abc import Callable
from datetime import datetime, tzinfo

import pytest
from django.utils import timezone

from tests.erasure.conftest import BERLIN, in_berlin

__all__ = ["in_berlin"]


@pytest.fixture
def at(in_berlin: None, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Set the time of day that everything in this process sees, defaults of columns too."""

    def travel(moment: str) -> None:
        class Clock(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> datetime:
                return datetime.fromisoformat(moment).replace(tzinfo=BERLIN).astimezone(tz)

        monkeypatch.setattr(timezone, "datetime", Clock)

    return travel
