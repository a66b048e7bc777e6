"""A mail that the server took is not sent again, whatever those do who are told of it."""

import contextlib

import pytest

from compliance.erasure.models import Step
from compliance.erasure.services import request_extend
from compliance.jobs.models import Job, JobState, MessageState, OutboxMessage, Queue
from compliance.jobs.outbox import message_mark_delivered
from compliance.jobs.services import job_claim
from compliance.jobs.signals import message_delivered
from tests.erasure.conftest import RITA, ask
from tests.jobs.mail_server import taking_mails
from workers.runner import run_due, sweep_lost

pytestmark = pytest.mark.usefixtures("committed_db")
QUOTED = "Key (contact)=(alice@example.org) is not there."


@pytest.fixture
def mail_server(settings):
    with taking_mails() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        yield server


@contextlib.contextmanager
def a_listener_that_fails():
    """Fail in whoever hears of a delivery after the others."""
    calls = []

    def fail(*, message, **_):
        calls.append(message.pk)
        raise RuntimeError(QUOTED)

    message_delivered.connect(fail)
    try:
        yield calls
    finally:
        message_delivered.disconnect(fail)


def deliver():
    """Let every pause be over, and run what is due as the worker does."""
    Job.objects.filter(state=JobState.QUEUED).update(run_after="2024-01-01T00:00Z")
    run_due([Queue.NOTIFY])


def an_extension():
    """Return a request, and the message that tells of its extension."""
    request = ask(reachable=True)
    request_extend(request_id=request.pk, actor=RITA, reasons="A move of our systems.")
    return request, OutboxMessage.objects.get(topic="erasure.extension")


def extended(request):
    return request.events.filter(step=Step.EXTENDED).count()


def mails_of(server, message):
    return sum(f"Message-ID: <{message.pk}@" in mail for mail in server.mails)


def test_one_mail_goes_out_and_the_extension_comes_once_its_listener_works(mail_server, caplog):
    request, message = an_extension()
    with a_listener_that_fails() as calls:
        for _ in range(12):  # more than the attempts that a job has
            deliver()
    message.refresh_from_db()
    job = Job.objects.get(target=str(message.pk))
    assert mails_of(mail_server, message) == 1
    assert (message.state, message.payload) == (MessageState.DELIVERED, None)
    assert message.attempts.count() == 1
    assert calls.count(message.pk) == 12
    assert extended(request) == 0  # what another listener did is undone with it
    assert (job.state, job.error) == (
        JobState.QUEUED,
        "Delivered; what follows from it failed: RuntimeError.",
    )
    assert QUOTED not in caplog.text
    deliver()
    deliver()
    job.refresh_from_db()
    assert mails_of(mail_server, message) == 1
    assert extended(request) == 1
    assert (job.state, job.error) == (JobState.SUCCEEDED, "")


def test_an_extension_is_in_force_from_when_it_was_told_however_late_that_is_heard(mail_server, at):
    at("2026-01-31T10:00")
    request, _ = an_extension()
    at("2026-02-27T10:00")
    with a_listener_that_fails():
        deliver()
    at("2026-03-02T10:00")  # after the first due date
    deliver()
    request.refresh_from_db()
    assert str(request.due_on) == "2026-04-30"


def killed_while_telling(message):
    """Claim the message's job and leave it, as a worker does that is killed."""
    while lease := job_claim(queues=[Queue.NOTIFY], worker="killed"):
        if lease.job.target == str(message.pk):
            Job.objects.filter(pk=lease.job.pk).update(lease_expires_at="2024-01-01T00:00Z")
            sweep_lost()
            return


@pytest.mark.parametrize("times", [1, 5])
def test_workers_killed_after_the_note_lose_nothing(mail_server, settings, times):
    """They may die before they tell, even as often as a job has attempts."""
    assert settings.JOB_MAX_ATTEMPTS == 5
    request, message = an_extension()
    message_mark_delivered(message, status=None)
    for _ in range(times):
        Job.objects.filter(state=JobState.QUEUED).update(run_after="2024-01-01T00:00Z")
        killed_while_telling(message)
    deliver()
    assert extended(request) == 1
    assert mails_of(mail_server, message) == 0  # it was sent before the note


def test_a_delivery_that_cannot_be_told_outlives_every_worker(mail_server, settings):
    request, message = an_extension()
    message_mark_delivered(message, status=None)
    Job.objects.filter(target=str(message.pk)).update(attempts=settings.JOB_MAX_ATTEMPTS - 1)
    with a_listener_that_fails():
        killed_while_telling(message)
    job = Job.objects.get(target=str(message.pk))
    assert (job.state, extended(request)) == (JobState.RUNNING, 0)
    sweep_lost()
    job.refresh_from_db()
    assert (job.state, extended(request)) == (JobState.FAILED, 1)
