"""What stands on the page of one request."""

from dataclasses import dataclass
from datetime import date, datetime

from cryptography.fernet import InvalidToken
from django.contrib.auth.models import AnonymousUser, User
from django.utils import timezone

from compliance.accounts.admin_base import actor_names, digest_code
from compliance.erasure.following import CERTIFY
from compliance.erasure.identity import identity_decrypt, scope_decrypt
from compliance.erasure.models import ErasureRequest, TouchedShard
from compliance.erasure.states import FINAL_STATES, State
from compliance.jobs.admin_progress import STATE_COLOURS as JOB_COLOURS
from compliance.jobs.admin_progress import percent
from compliance.jobs.models import Job
from compliance.provenance.adapters import REPLAY, TRAIN
from compliance.provenance.admin_learning import (
    Facts,
    Learning,
    adapter_words,
    subject_learning,
)
from compliance.provenance.models import Adapter, Checkpoint
from compliance.records.models import Subject
from compliance.records.services import records_in

STATE_COLOURS: dict[str, str] = {
    State.RECEIVED: "info",
    State.AWAITING_IDENTITY: "warning",
    State.IN_REVIEW: "info",
    State.APPROVED: "primary",
    State.RETRAINING: "primary",
    State.VERIFYING: "primary",
    State.COMPLETED: "success",
    State.DENIED: "",
    State.CANCELLED: "",
    State.EXPIRED: "",
    State.FAILED: "danger",
}
UNDECIDED = (State.RECEIVED, State.AWAITING_IDENTITY, State.IN_REVIEW)
AT_WORK = (State.APPROVED, State.RETRAINING, State.VERIFYING)


@dataclass(frozen=True)
class Work:
    """A job for this request, as it is shown."""

    job: Job
    title: str
    percent: int | None
    colour: str


@dataclass(frozen=True)
class Entry:
    """One line of the history."""

    at: datetime
    what: str
    who: str
    note: str


def impact_of(request: ErasureRequest, user: User | AnonymousUser) -> Learning | None:
    """Return what an approval would touch, for those who may decide, while it can be decided."""
    if (
        request.status not in UNDECIDED
        or not request.identity
        or not user.has_perm("erasure.decide")
    ):
        return None
    try:
        external_id = identity_decrypt(bytes(request.identity))
        gone = records_in(external_id, scope_decrypt(request.scope))
    except InvalidToken:  # the page has to open all the same; an approval says what is wrong
        return None
    subject = Subject.objects.filter(external_id=external_id).first()
    return subject_learning(subject, gone) if subject else Learning(records=0, prompts=0)


def impact_facts(learning: Learning) -> Facts:
    """Return the impact in plain words."""
    facts: Facts = [
        ("Records erased", learning.records),
        ("Prompts removed or cut anew", learning.prompts),
        ("What learned from them", learning.where),
    ]
    if learning.plan is None or learning.slice is None:
        return facts
    adapter = learning.adapter
    moves: Facts = [
        ("The subject moves to", f"Shard {learning.moves_to}, which is trained anew too")
    ]
    return [
        *facts,
        ("Adapter", adapter_words(adapter)),
        ("Its digest", digest_code(adapter.digest if adapter else "")),
        ("Serves meanwhile", _meanwhile(learning.clean)),
        ("Trained anew", f"From slice {learning.clean.slice + 1 if learning.clean else 0} on"),
        *(moves if learning.moves_to is not None else []),
    ]


def _meanwhile(clean: Checkpoint | None) -> str:
    if clean is None:
        return "The other shards and the base model: this shard has no earlier checkpoint"
    return f"The shard's checkpoint after slice {clean.slice}, which has not seen the records"


def asked_facts(request: ErasureRequest) -> Facts:
    """Return what the person asks for."""
    return [
        ("Request", str(request.pk)),
        ("Ground", request.get_ground_display()),
        ("Channel", request.get_channel_display()),
        ("Scope", request.get_scope_kind_display()),
    ]


def clock_facts(request: ErasureRequest) -> Facts:
    """Return the legal clock: Art. 12(3)."""
    open_ = request.status not in FINAL_STATES
    return [
        ("Received", _moment(request.received_at)),
        ("Identity verified", _moment(request.verified_at)),
        ("Decided", _moment(request.decided_at)),
        ("Completed", _moment(request.completed_at)),
        ("Due", f"{_day(request.due_on)}{f', {time_left(request)}' if open_ else ''}"),
        ("Time zone of the deadline", timezone.get_default_timezone_name()),
    ]


def time_left(request: ErasureRequest) -> str:
    """Return the days that are left, in words."""
    left = request.days_left()
    if left < 0:
        return f"{-left} day{'s' if left < -1 else ''} overdue"
    return "due today" if left == 0 else f"{left} day{'s' if left > 1 else ''} left"


def release_facts(request: ErasureRequest) -> Facts:
    """Return the releases before, during and after the retraining."""
    return [
        ("Before the approval", digest_code(request.release_before)),
        ("While retraining", digest_code(request.release_interim)),
        ("Since completion", digest_code(request.release_after)),
    ]


def history(request: ErasureRequest) -> list[Entry]:
    """Return all that happened, in order, with people by name."""
    events = list(request.events.order_by("pk"))
    names = actor_names(event.actor for event in events)
    return [
        Entry(event.at, _label(event.to_state), names[event.actor], event.note) for event in events
    ]


def work_of(request: ErasureRequest) -> list[Work]:
    """Return the newest job of each kind for each shard that the request touched, in order."""
    wanted: list[tuple[str, str, str]] = []
    for touched in request.touched.select_related("plan").order_by("shard"):
        adapter = _adapter_for(request, touched)
        if adapter:
            wanted.append((TRAIN, str(adapter.pk), f"Retrain the adapter of shard {adapter.shard}"))
            wanted.append((REPLAY, str(adapter.pk), f"Replay it in another process: {adapter}"))
    wanted.append((CERTIFY, str(request.pk), "Sign the certificate"))
    found = [(title, _newest(kind, target)) for kind, target, title in wanted]
    return [Work(job, title, percent(job), JOB_COLOURS[job.state]) for title, job in found if job]


def _newest(kind: str, target: str) -> Job | None:
    return Job.objects.filter(kind=kind, target=target).order_by("-created_at").first()


def _adapter_for(request: ErasureRequest, touched: TouchedShard) -> Adapter | None:
    """Return the adapter that this request waits for, or the one that completed it."""
    if request.completed_at is None:
        return touched.successor()
    adapters = touched.plan.adapters.filter(
        shard=touched.shard,
        generation__gte=touched.generation,
        activated_at__lte=request.completed_at,
    )
    return adapters.order_by("-generation").first()


def is_at_work(request: ErasureRequest) -> bool:
    """Tell whether the page will change by itself."""
    return request.status in AT_WORK


def _label(state: str) -> str:
    return state.replace("_", " ").capitalize()


def _day(day: date) -> str:
    return f"{day:%-d %B %Y}"


def _moment(moment: datetime | None) -> str:
    return f"{timezone.localtime(moment):%-d %B %Y, %H:%M}" if moment else "not yet"
