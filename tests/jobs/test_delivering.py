"""From the outbox to real servers: retries, dead letters, and the way back."""

import base64
import hmac
import logging
import time
from hashlib import sha256

import pytest
from django.db import transaction

from compliance.jobs.endpoints import endpoint_create, endpoint_renew_secret, endpoint_update
from compliance.jobs.models import Endpoint, Job, JobState, MessageState, Outcome, Queue
from compliance.jobs.outbox import PAUSES, message_resend, webhook_enqueue
from tests.jobs.conftest import ALICE, REQUEST
from tests.jobs.mail_server import taking_mails
from tests.jobs.receiver import receiving
from workers.delivering import failed
from workers.runner import run_due

BODY = b'{"state": "denied"}'


@pytest.fixture(autouse=True)
def private(settings, committed_db):
    settings.ALLOW_PRIVATE_WEBHOOKS = True


@pytest.fixture
def mail_server(settings):
    with taking_mails() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        yield server


@pytest.fixture
def receiver():
    with receiving() as receiver:
        yield receiver


def to_endpoint(endpoint):
    with transaction.atomic():
        return webhook_enqueue(about=REQUEST, topic="t", body=BODY, endpoint=endpoint)


def to_url(url, **headers):
    with transaction.atomic():
        return webhook_enqueue(about=REQUEST, topic="t", body=BODY, url=url, headers=headers)


def deliver(message):
    """Run what is due, as the worker does."""
    run_due([Queue.NOTIFY])
    message.refresh_from_db()
    return message


def hurry():
    """Let the pause of every job be over."""
    Job.objects.filter(state=JobState.QUEUED).update(run_after="2024-01-01T00:00Z")


def outcomes(message):
    return [(attempt.outcome, attempt.status) for attempt in message.attempts.all()]


def verify(secret, headers, body):
    """Check a call as a receiver does that has read docs/integrate.md."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.digest(key, signed, sha256)).decode()
    given = [part.partition(",")[2] for part in headers["webhook-signature"].split()]
    fresh = abs(time.time() - int(headers["webhook-timestamp"])) < 300
    return fresh and any(hmac.compare_digest(expected, one) for one in given)


def test_a_mail_is_delivered_once_and_its_job_is_done(mail_server, mail_to_alice):
    message = deliver(mail_to_alice())
    [mail] = mail_server.mails
    assert f"To: {ALICE}" in mail
    assert "Subject: Hello" in mail
    assert f"Message-ID: <{message.pk}@localhost>" in mail
    assert (message.state, message.payload) == (MessageState.DELIVERED, None)
    assert outcomes(message) == [(Outcome.DELIVERED, None)]
    assert Job.objects.get().state == JobState.SUCCEEDED


def test_an_address_that_the_server_refuses_for_good_is_not_tried_again(mail_server, mail_to_alice):
    mail_server.recipient = "550 no such user"
    message = deliver(mail_to_alice())
    assert message.state == MessageState.DEAD
    assert outcomes(message) == [(Outcome.REJECTED, 550)]


def test_an_address_that_the_server_refuses_for_now_is_tried_again(mail_server, mail_to_alice):
    mail_server.recipient = "451 later"
    message = deliver(mail_to_alice())
    assert message.state == MessageState.QUEUED
    assert outcomes(message) == [(Outcome.REJECTED, 451)]
    mail_server.recipient = "250 OK"
    hurry()
    assert deliver(message).state == MessageState.DELIVERED


@pytest.mark.parametrize("answer", ["550 no such user", "451 later", "421 away"])
def test_an_address_is_never_in_the_logs(mail_server, mail_to_alice, caplog, answer):
    caplog.set_level(logging.DEBUG)
    mail_server.recipient = answer
    deliver(mail_to_alice())
    assert "was not delivered" in caplog.text
    assert "alice" not in caplog.text
    assert "alice" not in Job.objects.get().error


def test_a_call_to_an_endpoint_is_signed_with_its_secret(receiver):
    endpoint, secret = endpoint_create(name="shop", url=receiver.url)
    message = deliver(to_endpoint(endpoint))
    [(_, headers, body)] = receiver.got
    assert body == BODY
    assert headers["webhook-id"] == str(message.pk)
    assert verify(secret, headers, body)
    assert not verify(secret, headers, body + b" ")
    assert outcomes(message) == [(Outcome.DELIVERED, 204)]


def test_a_new_secret_signs_the_next_call(receiver):
    endpoint, old = endpoint_create(name="shop", url=receiver.url)
    new = endpoint_renew_secret(endpoint=endpoint)
    deliver(to_endpoint(endpoint))
    [(_, headers, body)] = receiver.got
    assert verify(new, headers, body)
    assert not verify(old, headers, body)


def test_a_call_without_endpoint_has_its_own_headers_and_no_signature(receiver):
    deliver(to_url(receiver.url, **{"X-Own": "yes"}))
    [(_, headers, _)] = receiver.got
    assert headers["x-own"] == "yes"
    assert "webhook-signature" not in headers


@pytest.mark.parametrize("status", [301, 400, 404, 429, 500, 503])
def test_what_is_no_success_is_tried_again_under_the_same_id(receiver, status):
    endpoint, _ = endpoint_create(name="shop", url=receiver.url)
    receiver.status, receiver.headers = status, {"Location": "https://shop.example/"}
    message = deliver(to_endpoint(endpoint))
    assert outcomes(message) == [(Outcome.ANSWERED, status)]
    job = Job.objects.get()
    wait = (job.run_after - message.attempts.get().at).total_seconds()
    assert (job.state, round(wait)) == (JobState.QUEUED, PAUSES[0])
    assert run_due([Queue.NOTIFY]) == 0
    receiver.status = 200
    hurry()
    assert deliver(message).state == MessageState.DELIVERED
    first, second = (headers["webhook-id"] for _, headers, _ in receiver.got)
    assert first == second


def test_after_the_last_attempt_it_is_a_dead_letter_that_can_be_sent_again(receiver):
    receiver.status = 503
    message = to_url(receiver.url)
    for _ in range(len(PAUSES) + 1):
        assert deliver(message).tries == len(receiver.got)
        hurry()
    assert message.state == MessageState.DEAD
    assert run_due([Queue.NOTIFY]) == 0
    receiver.status = 200
    message_resend(message_id=message.pk)
    assert deliver(message).state == MessageState.DELIVERED
    assert len(outcomes(message)) == len(PAUSES) + 2


def test_an_endpoint_that_has_moved_gets_what_was_queued_before(receiver):
    endpoint, _ = endpoint_create(name="shop", url="http://127.0.0.1:1/hook")
    message = deliver(to_endpoint(endpoint))
    assert outcomes(message) == [(Outcome.UNREACHABLE, None)]
    endpoint_update(
        endpoint=endpoint, name="shop", url=receiver.url, is_active=True, all_changes=False
    )
    hurry()
    assert deliver(message).state == MessageState.DELIVERED


def test_an_endpoint_that_is_switched_off_gets_nothing_any_more(receiver):
    endpoint, _ = endpoint_create(name="shop", url=receiver.url)
    message = to_endpoint(endpoint)
    endpoint_update(
        endpoint=endpoint, name="shop", url=receiver.url, is_active=False, all_changes=False
    )
    assert deliver(message).state == MessageState.CANCELLED
    assert message.payload is None
    assert not receiver.got


def test_an_address_is_checked_again_before_each_call(receiver, settings):
    message = to_url(receiver.url)
    settings.ALLOW_PRIVATE_WEBHOOKS = False
    assert outcomes(deliver(message)) == [(Outcome.ADDRESS, None)]
    assert not receiver.got


def test_a_message_under_another_identity_key_is_kept_and_tried_again(receiver):
    from compliance import keyring

    message, path = to_url(receiver.url), keyring.key_path(keyring.Key.IDENTITY)
    held = path.read_text()
    path.write_text("ab" * 32 + "\n")
    keyring.secret.cache_clear()
    try:
        deliver(message)
    finally:
        path.write_text(held)
        keyring.secret.cache_clear()
    assert outcomes(message) == [(Outcome.UNREADABLE, None)]
    hurry()
    assert deliver(message).state == MessageState.DELIVERED


def test_a_message_that_no_worker_survives_becomes_a_dead_letter(receiver):
    message = to_url(receiver.url)
    with transaction.atomic():
        failed(Job.objects.get())
    message.refresh_from_db()
    assert message.state == MessageState.DEAD
    assert outcomes(message) == [(Outcome.CRASHED, None)]


def test_an_endpoints_secret_is_not_in_the_database(receiver):
    _, secret = endpoint_create(name="shop", url=receiver.url)
    assert secret.encode() not in bytes(Endpoint.objects.get().secret)
