"""A host whose name servers hang holds nobody up."""

import socket
import threading
import time

import pytest
from django.db import transaction

from compliance.jobs import addresses
from compliance.jobs.addresses import AddressError, SlowResolverError, target_of
from compliance.jobs.models import Job, JobState, MessageState, Outcome, Queue
from compliance.jobs.outbox import webhook_enqueue
from tests.jobs.conftest import REQUEST
from tests.jobs.receiver import receiving
from workers.runner import run_due

HANGING = "hanging.example"


@pytest.fixture(autouse=True)
def hanging_resolver(monkeypatch):
    """Let the resolver hang for one name, and be itself for all others."""
    monkeypatch.setattr(addresses, "RESOLVE_SECONDS", 0.3)
    real, end = socket.getaddrinfo, threading.Event()

    def resolve(host, port, *rest, **named):
        if host == HANGING:
            end.wait(60)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.8.8", port))]
        return real(host, port, *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    yield
    end.set()


def call(url):
    with transaction.atomic():
        return webhook_enqueue(about=REQUEST, topic="t", body=b"{}", url=url)


def test_a_name_that_is_not_found_in_time_is_refused_with_a_remedy():
    start = time.monotonic()
    with pytest.raises(SlowResolverError, match=r"not found in time\. Try again") as error:
        target_of(f"https://{HANGING}/hook")
    assert time.monotonic() - start < 2
    assert isinstance(error.value, AddressError)  # forms and the API say it like any other
    assert HANGING not in str(error.value)


def test_a_hanging_name_counts_as_too_slow_and_holds_up_no_other_message(committed_db, settings):
    settings.ALLOW_PRIVATE_WEBHOOKS = True
    start = time.monotonic()
    with receiving() as receiver:
        slow, good = call(f"https://{HANGING}/hook"), call(receiver.url)
        run_due([Queue.NOTIFY])
    assert time.monotonic() - start < 5
    slow.refresh_from_db()
    good.refresh_from_db()
    assert slow.attempts.get().outcome == Outcome.TIMEOUT
    assert (slow.state, good.state) == (MessageState.QUEUED, MessageState.DELIVERED)
    assert Job.objects.get(target=str(slow.pk)).state == JobState.QUEUED  # it is tried again
