"""Alice asks; Rita and Otto decide. The clock is the controller's, in Berlin."""

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from compliance.erasure.models import Channel, ErasureRequest, Ground, IdentityMethod
from compliance.erasure.services import request_receive
from compliance.erasure.services.receiving import Origin
from compliance.records.models import Subject
from compliance.records.scope import EVERYTHING, Scope
from compliance.sealing import seal

ALICE, RITA, OTTO = "alice-4711@example.org", "user:1", "user:2"
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def in_berlin(db: None, settings):
    settings.TIME_ZONE = "Europe/Berlin"
    timezone.get_default_timezone.cache_clear()
    yield
    settings.TIME_ZONE = "UTC"
    timezone.get_default_timezone.cache_clear()


@pytest.fixture
def at(in_berlin, monkeypatch) -> Callable[[str], None]:
    """Set the time of day that everything in this process sees."""

    def travel(moment: str) -> None:
        now = datetime.fromisoformat(moment).replace(tzinfo=BERLIN)
        monkeypatch.setattr(timezone, "now", lambda: now)

    return travel


def ask(
    *,
    checked: bool = True,
    subject: str = ALICE,
    scope: Scope = EVERYTHING,
    origin: Origin = Origin(),  # noqa: B008
    reachable: bool = False,
) -> ErasureRequest:
    if reachable:
        Subject.objects.update_or_create(
            external_id=subject, defaults={"contact": seal("alice@example.org")}
        )
    return request_receive(
        subject=subject,
        channel=Channel.API,
        ground=Ground.CONSENT_WITHDRAWN,
        actor="client:1",
        identity=IdentityMethod.ASSERTED if checked else None,
        scope=scope,
        origin=origin,
    )


def days(number: int) -> timedelta:
    return timedelta(days=number)
