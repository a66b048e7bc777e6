"""Two calls about one batch at the same moment, on connections of their own."""

from typing import Any

import pytest

from compliance.erasure.batches import item_work
from compliance.erasure.models import Batch, BatchItem, ErasureEvent, ErasureRequest
from compliance.jobs.models import Job
from tests.admin.conftest import make_request
from tests.api.batch_world import BATCHES, names, ready, results, start, work
from tests.api.conftest import Caller
from tests.races.race import race
from tests.recommendations.world import make_client

pytestmark = pytest.mark.usefixtures("committed_db")


@pytest.fixture
def reviewer() -> Caller:
    return Caller(*make_client("erasure:decide", name="reviewer"))


def requests() -> list[ErasureRequest]:
    return [make_request(subject=f"subject-{number}") for number in range(20)]


def statuses(*calls: Any) -> list[int]:
    return sorted(runner.result.status_code for runner in race(*calls))


def test_of_two_starts_one_wins_and_the_other_is_told(reviewer: Caller) -> None:
    batch = ready(reviewer, "cancel", requests())
    assert statuses(*[lambda: start(reviewer, batch)] * 3) == [202, 409, 409]
    assert Job.objects.filter(kind="batch").count() == 2
    work()
    assert results(reviewer, batch) == ["done"] * 20
    assert ErasureEvent.objects.filter(step="moved", to_state="cancelled").count() == 20


def test_the_same_call_at_the_same_moment_makes_one_batch(reviewer: Caller) -> None:
    own_id = "7d1f1d5e-3c55-4c8b-9d2e-6f1d6b1f0a21"
    body = {"action": "cancel", "ids": names(requests()), "id": own_id}
    assert statuses(*[lambda: reviewer.post(BATCHES, body)] * 3) == [200, 200, 201]
    assert (Batch.objects.count(), BatchItem.objects.count(), Job.objects.count()) == (1, 20, 1)


def test_two_workers_at_one_request_do_it_once(reviewer: Caller) -> None:
    """As where one has lost its lease without noticing yet."""
    batch = ready(reviewer, "cancel", requests()[:1])
    start(reviewer, batch)
    item = BatchItem.objects.get()
    both = race(*[lambda: item_work(item_id=item.pk)] * 2)
    assert [runner.error for runner in both] == [None, None]
    assert results(reviewer, batch) == ["done"]
    assert ErasureEvent.objects.filter(step="moved", to_state="cancelled").count() == 1
