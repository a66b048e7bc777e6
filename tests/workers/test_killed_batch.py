"""A worker killed half-way through a batch: the next one goes on, and nothing is done twice."""

import contextlib
import signal
from collections.abc import Iterator
from uuid import UUID

import psycopg
import pytest
from django.db import connection

from compliance.erasure.models import Batch, ErasureEvent, ErasureRequest, ItemResult
from compliance.jobs.models import Job
from tests.admin.conftest import make_request, make_trained_plan
from tests.api.batch_world import items, make, shown, start
from tests.api.conftest import Caller
from tests.recommendations.world import make_client
from tests.workers.conftest import wait_for, worker

pytestmark = pytest.mark.usefixtures("committed_db")


@contextlib.contextmanager
def nobody_reaches(request_id: UUID) -> Iterator[None]:
    """Hold the row of a request, so that a worker waits there."""
    settings = connection.settings_dict
    with psycopg.connect(
        host=settings["HOST"] or settings["OPTIONS"].get("host"),
        port=settings["PORT"] or None,
        user=settings["USER"],
        password=settings["PASSWORD"] or None,
        dbname=settings["NAME"],
    ) as other:
        other.execute("SELECT 1 FROM erasure_erasurerequest WHERE id = %s FOR UPDATE", [request_id])
        yield


def made() -> tuple[Caller, list[ErasureRequest]]:
    make_trained_plan()
    caller = Caller(*make_client("erasure:decide", name="bulk"))
    return caller, [make_request(subject=f"other-{number}") for number in range(5)]


def count(result: ItemResult) -> int:
    return Batch.objects.get().items.filter(result=result).count()


def test_a_batch_whose_worker_is_killed_at_each_stage_is_done_once() -> None:
    caller, requests = made()
    batch = make(caller, "cancel", requests)
    with nobody_reaches(requests[2].pk), worker("default") as process:
        wait_for(lambda: count(ItemResult.POSSIBLE) == 2)
        assert shown(caller, batch)["counts"]["waiting"] == 3
        process.send_signal(signal.SIGKILL)
        process.wait()
    with worker("default"):
        wait_for(lambda: shown(caller, batch)["state"] == "ready")
    assert set(ErasureRequest.objects.values_list("state", flat=True)) == {"in_review"}
    assert start(caller, batch).status_code == 202
    with nobody_reaches(requests[3].pk), worker("default") as process:
        wait_for(lambda: count(ItemResult.DONE) == 3)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert shown(caller, batch)["state"] == "running"
    with worker("default"):
        wait_for(lambda: shown(caller, batch)["state"] == "done")
    assert [item["message"] for item in items(caller, batch)] == ["Cancelled."] * 5
    moves = ErasureEvent.objects.filter(step="moved", to_state="cancelled")
    assert sorted(moves.values_list("request", flat=True)) == sorted(
        request.pk for request in requests
    )
    assert all(job.attempts >= 2 for job in Job.objects.filter(kind="batch"))
