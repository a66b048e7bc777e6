"""Background jobs, and the messages that leave the house."""

from compliance.jobs.models.endpoint import Endpoint
from compliance.jobs.models.job import Job, JobState, Queue
from compliance.jobs.models.outbox import (
    DeliveryAttempt,
    MessageKind,
    MessageState,
    OutboxMessage,
    Outcome,
)

__all__ = [
    "DeliveryAttempt",
    "Endpoint",
    "Job",
    "JobState",
    "MessageKind",
    "MessageState",
    "OutboxMessage",
    "Outcome",
    "Queue",
]
