"""Everything that happened to a request, in words, and what reviewers told one another."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cryptography.fernet import InvalidToken
from django.utils.translation import gettext as _

from compliance.accounts.admin_base import actor_names
from compliance.erasure.models import (
    STATE_LABELS,
    Channel,
    ErasureEvent,
    ErasureRequest,
    PauseKind,
    Refusal,
    Step,
)
from compliance.erasure.states import State
from compliance.sealing import unseal


@dataclass(frozen=True)
class Entry:
    """One line of the history."""

    at: datetime
    what: str
    who: str
    note: str


def history(request: ErasureRequest) -> list[Entry]:
    """Return all that happened, in order, with people by name."""
    events = list(request.events.order_by("pk"))
    named = [event.note for event in events if event.step == Step.ASSIGNED]
    names = people_names([*(event.actor for event in events), *named])
    return [
        Entry(event.at, _what(event), names[event.actor], _note(event, names)) for event in events
    ]


def comments(request: ErasureRequest) -> list[Entry]:
    """Return the comments in order. One whose time is up, or of another key, says so."""
    rows = list(request.comments.order_by("pk"))
    names = people_names(row.actor for row in rows)
    return [Entry(row.at, opened(row.text), names[row.actor], "") for row in rows]


def opened(sealed: bytes | memoryview | None) -> str:
    """Return sealed words for a page, or why they cannot be read."""
    if sealed is None:
        return _("(removed: its time was up)")
    try:
        return unseal(sealed).decode()
    except InvalidToken:
        return _("(encrypted with another identity key)")


def people_names(actors: Iterable[str]) -> dict[str, str]:
    """Return who it was, the person of the request included."""
    names = actor_names(actors)
    if "subject:" in names:
        names["subject:"] = _("the person")
    return names


def _what(event: ErasureEvent) -> str:
    if event.step == Step.MOVED:
        return str(STATE_LABELS[State(event.to_state)])
    return str(Step(event.step).label)


def _note(event: ErasureEvent, names: dict[str, str]) -> str:
    """Return the note with its code words in plain ones."""
    if event.step == Step.ASSIGNED:
        return _("to %(who)s") % {"who": names[event.note]}
    for known in (PauseKind, Refusal, Channel):
        if event.note in known.values:
            return str(known(event.note).label)
    return _(event.note) if event.note else ""
