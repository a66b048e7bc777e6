"""The list of requests: one row each, with its clock, its end and its counts.

A request belongs to the month in which its clock began. It is answered when it is completed or
denied; cancelled and expired ones have ended without an answer.
"""

import uuid
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import (
    Case,
    Count,
    DateTimeField,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    When,
)
from django.db.models.functions import Coalesce, Least
from django.utils import timezone

from compliance.erasure.clock import due_on, local_date
from compliance.erasure.models import ErasureEvent, ErasureRequest, Outcome, Pause, TouchedShard
from compliance.erasure.states import FINAL_STATES, State
from compliance.evidence.reports.formats import Row
from compliance.evidence.reports.monthly import ANSWERS, Course, Figures, figures_of
from compliance.evidence.reports.periods import Period

ROWS_AT_ONCE = 2_000

COLUMNS = (
    "id",
    "state",
    "channel",
    "source",
    "ground",
    "scope_kind",
    "received_at",
    "submitted_at",
    "started_on",
    "identity_method",
    "verified_at",
    "due_on",
    "due_on_without_pauses",
    "extension_decided_at",
    "extended_at",
    "pauses",
    "paused_days",
    "paused_on",
    "days_left",
    "overdue",
    "decided_at",
    "ended_at",
    "days_to_answer",
    "in_time",
    "outcome",
    "article",
    "erased_interactions",
    "shards",
    "reopens",
    "duplicate_of",
)


def request_rows(period: Period) -> Iterator[Row]:
    """Yield the requests whose clock began in `period`, in order. The database hands them over in
    parts; it is asked once, so that they are of one moment.
    """
    tz, today = _zone(), timezone.localdate()
    begin, end = period.moments(tz)
    found = _with_clock().filter(Q(started_at__gte=begin), Q(started_at__lt=end))
    ordered = found.order_by("started_at", "pk")
    for request in ordered.values(*_STORED).iterator(chunk_size=ROWS_AT_ONCE):
        yield _row(request, tz, today)


def request_facts(request_id: uuid.UUID) -> Row:
    """Return the row of one request."""
    return _row(_with_clock().values(*_STORED).get(pk=request_id), _zone(), timezone.localdate())


def monthly_figures(period: Period) -> list[Figures]:
    """Return the figures of each month of `period`."""
    return figures_of(_courses(period), period)


def started_at() -> Least:
    """Return the expression for when a request's clock began."""
    return Least("received_at", Coalesce("submitted_at", "received_at"))


def ended_at() -> Case:
    """Return the expression for when a request was answered or ended otherwise; null while open."""
    final = ErasureEvent.objects.filter(request=OuterRef("pk"), to_state__in=sorted(FINAL_STATES))
    return Case(
        When(state=State.COMPLETED, then=F("completed_at")),
        When(state=State.DENIED, then=F("decided_at")),
        When(
            state__in=[State.CANCELLED, State.EXPIRED],
            then=Subquery(final.order_by("pk").values("at")[:1]),
        ),
        output_field=DateTimeField(),
    )


_STORED = (
    "id",
    "state",
    "channel",
    "source",
    "ground",
    "scope_kind",
    "received_at",
    "submitted_at",
    "started_at",
    "identity_method",
    "verified_at",
    "due_on",
    "paused_on",
    "decided_at",
    "ended_at",
    "outcome",
    "erased_interactions",
    "reopens_id",
    "duplicate_of_id",
    "extension__decided_at",
    "extension__in_force_at",
    "answer__article",
    "pause_count",
    "shard_count",
)


def _with_clock() -> "QuerySet[Any]":
    return ErasureRequest.objects.annotate(
        started_at=started_at(),
        ended_at=ended_at(),
        pause_count=_count(Pause.objects.all()),
        shard_count=_count(TouchedShard.objects.all()),
    )


def _count(rows: QuerySet[Any]) -> Coalesce:
    theirs = rows.filter(request=OuterRef("pk")).order_by().values("request")
    return Coalesce(
        Subquery(theirs.annotate(n=Count("pk")).values("n"), output_field=IntegerField()), 0
    )


def _row(found: dict[str, Any], tz: ZoneInfo, today: date) -> Row:
    started = local_date(found["started_at"], tz)
    unpaused = due_on(found["started_at"], tz, extended=found["extension__in_force_at"] is not None)
    return {
        **{name: found[name] for name in COLUMNS if name in found},
        "started_on": started,
        "due_on_without_pauses": unpaused,
        "extension_decided_at": found["extension__decided_at"],
        "extended_at": found["extension__in_force_at"],
        "pauses": found["pause_count"],
        "paused_days": (found["due_on"] - unpaused).days,
        **_left(found, today),
        **_answer(found, started, tz),
        "article": found["answer__article"] or "",
        "shards": found["shard_count"],
        "reopens": found["reopens_id"],
        "duplicate_of": found["duplicate_of_id"],
    }


def _left(found: dict[str, Any], today: date) -> dict[str, Any]:
    """Return how much time an open request has; while its clock is paused it moves on."""
    if found["state"] in FINAL_STATES:
        return {"days_left": None, "overdue": None}
    stands = (today - found["paused_on"]) if found["paused_on"] else timedelta()
    left = (found["due_on"] + stands - today).days
    return {"days_left": left, "overdue": left < 0}


def _answer(found: dict[str, Any], started: date, tz: ZoneInfo) -> dict[str, Any]:
    if found["state"] not in ANSWERS:
        return {"days_to_answer": None, "in_time": None}
    ended = local_date(found["ended_at"], tz)
    return {"days_to_answer": (ended - started).days, "in_time": ended <= found["due_on"]}


def _courses(period: Period) -> Iterator[Course]:
    """Yield the requests that were open in the period, or ended in it."""
    tz = _zone()
    begin, end = period.moments(tz)
    found = ErasureRequest.objects.annotate(
        started_at=started_at(),
        ended_at=ended_at(),
        paused=ArraySubquery(Pause.objects.filter(request=OuterRef("pk")).values("started_on")),
    )
    found = found.filter(Q(ended_at=None) | Q(ended_at__gte=begin), started_at__lt=end)
    stored = found.values_list(
        "started_at",
        "state",
        "due_on",
        "ended_at",
        "outcome",
        "answer__article",
        "extension__in_force_at",
        "paused",
    )
    for started, state, due, ended, outcome, article, extended, pauses in stored.iterator(
        chunk_size=ROWS_AT_ONCE
    ):
        yield Course(
            started=local_date(started, tz),
            state=State(state),
            due=due,
            ended=_day(ended, tz),
            partial=outcome == Outcome.PARTIAL and state == State.COMPLETED,
            article=article or "",
            extended=_day(extended, tz),
            pauses=tuple(pauses),
        )


def _day(moment: datetime | None, tz: ZoneInfo) -> date | None:
    return local_date(moment, tz) if moment else None


def _zone() -> ZoneInfo:
    zone = timezone.get_default_timezone()
    assert isinstance(zone, ZoneInfo)
    return zone
