"""The messages of these tests are about request 7; Alice gets the mails."""

from collections.abc import Callable
from uuid import UUID

import pytest
from django.db import transaction

from compliance.jobs.models import OutboxMessage
from compliance.jobs.outbox import mail_enqueue

REQUEST = UUID("77777777-7777-4777-8777-777777777777")
ALICE = "alice-4711@example.org"


@pytest.fixture
def mail_to_alice() -> Callable[[], OutboxMessage]:
    """Queue a mail to Alice and commit."""

    def enqueue() -> OutboxMessage:
        with transaction.atomic():
            return mail_enqueue(
                about=REQUEST, topic="erasure.receipt", to=ALICE, subject="Hello", text="A text."
            )

    return enqueue
