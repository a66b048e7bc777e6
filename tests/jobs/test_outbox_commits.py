"""A message stands and falls with the transaction that decides it."""

import pytest
from django.db import transaction

from compliance.jobs.models import Job, OutboxMessage
from compliance.jobs.outbox import mail_enqueue
from tests.jobs.conftest import ALICE, REQUEST


def enqueue_and_fail():
    with transaction.atomic():
        mail_enqueue(about=REQUEST, topic="t", to=ALICE, subject="Hello", text="Text")
        raise RuntimeError("changed my mind")


def test_a_message_goes_with_the_transaction_that_is_undone(committed_db):
    with pytest.raises(RuntimeError, match="changed my mind"):
        enqueue_and_fail()
    assert not OutboxMessage.objects.exists()
    assert not Job.objects.exists()


def test_outside_a_transaction_nothing_is_queued(committed_db):
    with pytest.raises(AssertionError):
        mail_enqueue(about=REQUEST, topic="t", to=ALICE, subject="Hello", text="Text")
    assert not OutboxMessage.objects.exists()


def test_a_message_and_its_job_are_committed_together(committed_db, mail_to_alice):
    message = mail_to_alice()
    assert Job.objects.get().target == str(message.pk)
