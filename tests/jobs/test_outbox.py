"""The outbox: messages stand and fall with the caller's transaction, and stay as evidence."""

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from compliance.jobs.models import (
    DeliveryAttempt,
    Job,
    MessageKind,
    MessageState,
    Outcome,
    Queue,
)
from compliance.jobs.outbox import (
    PAUSES,
    MessageError,
    NotDeadError,
    dead_letters_forget,
    delivery_tell,
    mail_enqueue,
    message_mark_delivered,
    message_mark_failed,
    message_resend,
    payload_of,
    webhook_enqueue,
)
from compliance.jobs.signals import message_delivered
from tests.jobs.conftest import ALICE, REQUEST

pytestmark = pytest.mark.django_db


def refused(statement: str, *parameters: object) -> str:
    with (
        pytest.raises(DatabaseError) as error,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement, parameters)
    return str(error.value)


def test_neither_the_message_nor_its_job_shows_whom_it_is_for(mail_to_alice):
    message = mail_to_alice()
    job = Job.objects.get()
    assert (job.queue, job.target) == (Queue.NOTIFY, str(message.pk))
    for table in ("jobs_outboxmessage", "jobs_job"):
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {table}::text FROM {table}")
            assert "alice" not in cursor.fetchone()[0]
    assert payload_of(message).to == ALICE


@pytest.mark.parametrize("to", ["alice", "a@b@c", "alice@example.org\nBcc: eve@example.org", ""])
def test_what_is_no_mail_address_is_refused_without_quoting_it(to):
    with pytest.raises(MessageError, match="no mail address") as error:
        mail_enqueue(about=REQUEST, topic="t", to=to, subject="Hello", text="Text")
    assert not to or to not in str(error.value)


@pytest.mark.parametrize("subject", ["", "Hello\nBcc: eve@example.org", "Hello\rX: y", "a\0b"])
def test_a_subject_is_one_line(subject):
    with pytest.raises(MessageError, match="one line"):
        mail_enqueue(about=REQUEST, topic="t", to=ALICE, subject=subject, text="Text")


@pytest.mark.parametrize("header", [{"X-A": "b\r\nX-C: d"}, {"X\nA": "b"}, {"X-A": "ü"}])
def test_a_header_of_a_webhook_is_one_line(header):
    with pytest.raises(MessageError, match="header"):
        webhook_enqueue(
            about=REQUEST, topic="t", url="https://shop.example/", body=b"{}", headers=header
        )


def test_a_webhook_goes_to_an_endpoint_or_to_a_url():
    with pytest.raises(MessageError, match="either"):
        webhook_enqueue(about=REQUEST, topic="t", body=b"{}")


def test_a_delivery_is_noted_and_the_content_is_forgotten(mail_to_alice):
    message = mail_to_alice()
    message_mark_delivered(message, status=None)
    message.refresh_from_db()
    assert (message.state, message.payload) == (MessageState.DELIVERED, None)
    assert message.delivered_at
    assert [attempt.outcome for attempt in message.attempts.all()] == [Outcome.DELIVERED]


def test_only_what_was_delivered_is_told(mail_to_alice):
    message, heard = mail_to_alice(), []

    def listen(*, message, **_):
        heard.append(message.delivered_at)

    message_delivered.connect(listen)
    try:
        delivery_tell(message_id=message.pk)
        assert not heard
        message_mark_delivered(message, status=None)
        delivery_tell(message_id=message.pk)
    finally:
        message_delivered.disconnect(listen)
    message.refresh_from_db()
    assert heard == [message.delivered_at]


def test_a_second_delivery_of_a_message_is_noted_beside_the_first(mail_to_alice):
    message = mail_to_alice()
    message_mark_delivered(message, status=None)
    message.refresh_from_db()
    first = message.delivered_at
    message_mark_delivered(message, status=None)
    message.refresh_from_db()
    assert (message.delivered_at, message.attempts.count()) == (first, 2)


def test_attempts_are_spread_over_a_day_and_then_it_is_a_dead_letter(mail_to_alice):
    message, pauses = mail_to_alice(), []
    while (pause := fail_once(message)) is not None:
        pauses.append(pause)
    assert tuple(pauses) == PAUSES == tuple(sorted(PAUSES))
    assert 22 * 3600 < sum(pauses) < 26 * 3600
    assert message.state == MessageState.DEAD
    assert message.attempts.count() == len(PAUSES) + 1
    assert payload_of(message).to == ALICE  # kept to be sent again


def fail_once(message):
    with transaction.atomic():
        pause = message_mark_failed(message, outcome=Outcome.ANSWERED, status=503)
    message.refresh_from_db()
    return pause


def test_a_dead_letter_is_sent_again_with_all_its_attempts(mail_to_alice):
    message = mail_to_alice()
    with transaction.atomic():
        message_mark_failed(message, outcome=Outcome.REJECTED, final=True)
    Job.objects.all().delete()
    assert message_resend(message_id=message.pk).state == MessageState.QUEUED
    assert Job.objects.get().target == str(message.pk)
    message.refresh_from_db()
    assert fail_once(message) == PAUSES[0]


def test_only_a_dead_letter_is_sent_again(mail_to_alice):
    message = mail_to_alice()
    with pytest.raises(NotDeadError):
        message_resend(message_id=message.pk)
    message_mark_delivered(message, status=None)
    with pytest.raises(NotDeadError):
        message_resend(message_id=message.pk)


def test_dead_letters_that_nobody_sends_again_are_forgotten_in_time(mail_to_alice):
    dead, queued = mail_to_alice(), mail_to_alice()
    with transaction.atomic():
        message_mark_failed(dead, outcome=Outcome.REJECTED, final=True)
    assert dead_letters_forget(before=dead.created_at) == 0
    assert dead_letters_forget(before=timezone.now()) == 1
    dead.refresh_from_db()
    assert (dead.state, dead.payload) == (MessageState.CANCELLED, None)
    assert dead.attempts.exists()
    with pytest.raises(NotDeadError):
        message_resend(message_id=dead.pk)
    queued.refresh_from_db()
    assert queued.state == MessageState.QUEUED


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE jobs_deliveryattempt SET outcome = 'delivered'",
        "DELETE FROM jobs_deliveryattempt",
        "TRUNCATE jobs_deliveryattempt",
        "DELETE FROM jobs_outboxmessage",
        "TRUNCATE jobs_outboxmessage CASCADE",
        "UPDATE jobs_outboxmessage SET topic = 'another'",
        "UPDATE jobs_outboxmessage SET about = gen_random_uuid()",
        "UPDATE jobs_outboxmessage SET payload = 'other'",
        "UPDATE jobs_outboxmessage SET state = 'delivered'",
        "UPDATE jobs_outboxmessage SET payload = NULL, state = 'queued'",
    ],
)
def test_what_was_sent_and_how_it_went_cannot_be_rewritten(mail_to_alice, statement):
    fail_once(mail_to_alice())
    assert refused(statement)
    assert DeliveryAttempt.objects.get().outcome == Outcome.ANSWERED


def test_a_delivered_message_cannot_be_queued_again_by_hand(mail_to_alice):
    message = mail_to_alice()
    message_mark_delivered(message, status=None)
    assert "cannot go from delivered to queued" in refused(
        "UPDATE jobs_outboxmessage SET state = 'queued' WHERE id = %s", message.pk
    )
    assert "says once" in refused("UPDATE jobs_outboxmessage SET delivered_at = now()")


def test_messages_come_in_two_kinds(mail_to_alice):
    webhook = webhook_enqueue(about=REQUEST, topic="t", url="https://shop.example/", body=b"{}")
    assert mail_to_alice().kind == MessageKind.MAIL
    assert payload_of(webhook).content == b"{}"
