"""The broker may lose every message: the scheduler's sweeps get each job done."""

from compliance.erasure.states import State
from compliance.jobs.models import Job, JobState
from compliance.records.contacts import ContactRow, contacts_put
from tests.services.conftest import scheduler, until
from tests.workers.conftest import worker
from tests.workers.test_erasure import approve, somebody_in, state_of


def waits(kind: str) -> bool:
    return Job.objects.filter(kind=kind, state=JobState.QUEUED).exists()


def test_a_wake_reaches_a_worker_that_nobody_sweeps_for(plan, broker):
    with worker("train"):
        approve(somebody_in(plan, 1, 1))
        until(lambda: waits("replay"))


def test_an_erasure_whose_wakes_are_lost_ends_in_a_certificate(plan, broker, tmp_path):
    name = somebody_in(plan, 1, 1)
    contacts_put([ContactRow(name, "alice@example.org", "en")])
    request = approve(name)
    assert broker.raw()
    broker.lose()
    assert not broker.raw()
    with scheduler(tmp_path), worker("notify"):
        with worker("train", "default"):
            until(lambda: waits("replay"))
            broker.lose()
            with worker("replay"):
                until(lambda: state_of(request) is State.COMPLETED)
        until(lambda: not Job.objects.exclude(state=JobState.SUCCEEDED).exists())
    assert set(Job.objects.values_list("queue", flat=True)) == {
        *("train", "default", "replay", "notify")
    }


def test_no_message_says_whom_a_job_is_about(plan, broker):
    name = somebody_in(plan, 1, 1)
    contacts_put([ContactRow(name, "alice@example.org", "en")])
    request = approve(name)
    messages = [broker.read(message) for message in broker.raw()]
    secret = (name, "person-", "alice", str(request.pk), request.pk.hex, "Title", "client:1")
    assert {queue for _, (queue,) in messages} >= {"train", "notify"}
    for text, arguments in messages:
        assert arguments[0] in {"default", "notify", "replay", "train"}
        assert [word for word in secret if word in text] == []
