"""What goes by retention, and when: one rule for each time limit of the map."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.db.models import Model, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from compliance.accounts.models import Throttle
from compliance.accounts.throttling import throttle_purge
from compliance.erasure.clock import add_months
from compliance.erasure.models import (
    Answer,
    Batch,
    BatchItem,
    BatchState,
    Comment,
    Endorsement,
    ErasureEvent,
    ErasureRequest,
    Extension,
    IdentityCode,
    Preview,
)
from compliance.erasure.states import FINAL_STATES, State
from compliance.jobs.models import Job, JobState, MessageState, OutboxMessage
from compliance.jobs.outbox import dead_letters_forget
from compliance.opendsr.models import OpenDsrRequest

DEAD_LETTERS = timedelta(days=30)
DRAFTED_BATCHES = timedelta(days=1)
UNSTARTED_BATCHES = timedelta(days=30)
DONE_BATCHES = timedelta(days=90)
JOB_ERRORS = timedelta(days=90)
LATE_CODES = timedelta(days=1)
AWAITING = (State.RECEIVED, State.AWAITING_IDENTITY)
UNSTARTED = (BatchState.PREVIEWING, BatchState.READY)
ENDED_JOBS = (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED)

Rows = QuerySet[Any, Any]


@dataclass(frozen=True)
class Rule:
    """Which rows of a table are past their time at a moment, and what is cleared of them.

    `values` are written over what was there; without them the rows are removed, unless a service
    does it: `by`. `columns` are those of the map that the rule is for.
    """

    name: str
    model: type[Model]
    columns: tuple[str, ...]
    due: Callable[[datetime], Rows]
    values: dict[str, Any] | None = None
    by: Callable[[datetime], int] | None = None

    @property
    def table(self) -> str:
        return self.model._meta.db_table

    def apply(self, now: datetime) -> int:
        """Clear or remove what is due, and return how many rows. Once more, it finds nothing."""
        if self.by:
            return self.by(now)
        rows = self.due(now)
        if self.values is not None:
            return rows.update(**self.values)
        return rows.delete()[1].get(self.model._meta.label, 0)


def _months_before(now: datetime) -> datetime:
    day = add_months(timezone.localdate(now), -settings.RETENTION_MONTHS)
    return datetime.combine(day, time.min, tzinfo=timezone.get_default_timezone())


def _ended(now: datetime) -> Rows:
    """Requests that ended long enough ago, and that no open one reopens: it may need the words."""
    end = ErasureEvent.objects.filter(request=OuterRef("pk"), to_state__in=FINAL_STATES)
    open_again = ErasureRequest.objects.open().filter(reopens__isnull=False).values("reopens")
    ended = ErasureRequest.objects.filter(state__in=FINAL_STATES).exclude(pk__in=open_again)
    last = Subquery(end.order_by("at").values("at")[:1])
    return ended.alias(ended_at=last).filter(ended_at__lt=_months_before(now))


def _of_ended(model: type[Model], column: str) -> Callable[[datetime], Rows]:
    """Return what finds the rows of ended requests in which `column` still says something."""
    return lambda now: model._default_manager.filter(
        **{f"{column}__isnull": False, "request__in": _ended(now).values("pk")}
    )


def _batches_done(now: datetime) -> Rows:
    """Batches whose results had their time. What they did stands in the requests' own history."""
    return Batch.objects.filter(state=BatchState.DONE, done_at__lt=now - DONE_BATCHES)


def _words(name: str, model: type[Model], column: str) -> Rule:
    """Return the rule for words that are kept for a time after the request."""
    return Rule(name, model, (column,), _of_ended(model, column), {column: None})


def _gone(name: str, model: type[Model], *columns: str) -> Rule:
    """Return the rule for rows that go a time after the request has ended."""
    rows = model._default_manager
    return Rule(name, model, columns, lambda now: rows.filter(request__in=_ended(now).values("pk")))


RULES = [
    _words("texts of refusals", Answer, "text"),
    _words("reasons of extensions", Extension, "reasons"),
    _words("comments", Comment, "text"),
    _words("digests of OpenDSR calls", OpenDsrRequest, "body_digest"),
    _gone("previews", Preview, "digest", "parts"),
    _gone("endorsements", Endorsement, "digest", "answer", "actor"),
    Rule(
        "contents of dead letters",
        OutboxMessage,
        ("payload",),
        lambda now: OutboxMessage.objects.filter(
            state=MessageState.DEAD, created_at__lt=now - DEAD_LETTERS
        ),
        by=lambda now: dead_letters_forget(before=now - DEAD_LETTERS),
    ),
    Rule(
        "codes",
        IdentityCode,
        ("digest",),
        lambda now: IdentityCode.objects.filter(expires_at__lt=now - LATE_CODES).exclude(
            request__state__in=AWAITING
        ),
    ),
    Rule(
        "drafts of batches",
        Batch,
        (),
        lambda now: Batch.objects.filter(
            state=BatchState.DRAFT, created_at__lt=now - DRAFTED_BATCHES
        ),
    ),
    Rule(
        "batches that nobody started",
        Batch,
        ("values",),
        lambda now: Batch.objects.filter(
            state__in=UNSTARTED, created_at__lt=now - UNSTARTED_BATCHES
        ),
    ),
    Rule(
        "results of batches",
        BatchItem,
        ("digest",),
        lambda now: BatchItem.objects.filter(batch__in=_batches_done(now)),
    ),
    Rule("batches that are done", Batch, ("actor", "content_digest"), _batches_done),
    Rule(
        "errors of jobs",
        Job,
        ("error",),
        lambda now: Job.objects.filter(
            ~Q(error=""), state__in=ENDED_JOBS, finished_at__lt=now - JOB_ERRORS
        ),
        {"error": ""},
    ),
    Rule(
        "sessions",
        Session,
        ("session_key", "session_data"),
        lambda now: Session.objects.filter(expire_date__lt=now),
    ),
    Rule(
        "the admin's log",
        LogEntry,
        ("action_time", "user_id", "object_id", "object_repr", "change_message"),
        lambda now: LogEntry.objects.filter(action_time__lt=_months_before(now)),
    ),
    Rule(
        "counters of attempts",
        Throttle,
        ("key",),
        lambda now: Throttle.objects.filter(ends_at__lte=now),
        by=lambda now: throttle_purge(),
    ),
]
