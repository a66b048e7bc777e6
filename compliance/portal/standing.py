"""What the status page shows. Before the identity is known it is alike for everybody."""

from dataclasses import dataclass
from datetime import date, datetime

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from compliance.erasure.identity import identity_decrypt, scope_decrypt
from compliance.erasure.law import WORDS as LAW
from compliance.erasure.links import status_path, status_token
from compliance.erasure.models import Answer, ErasureRequest, Extension, Pause, Refusal, Step
from compliance.erasure.services.timing import request_due_on
from compliance.erasure.states import FINAL_STATES, UNDECIDED_STATES, State
from compliance.portal.words import (
    GROUND_WORDS,
    MOVES,
    PART,
    SCOPE_WORDS,
    STATES,
    STEPS,
    WAY,
    Words,
)
from compliance.records.scope import EVERYTHING, Scope
from compliance.records.services import records_in
from compliance.sealing import unseal

# Refusals that say nothing about whether there is data of the person.
SAY_NOTHING = frozenset({Refusal.NOT_IDENTIFIABLE, Refusal.EXCESSIVE})


@dataclass(frozen=True)
class Stage:
    """One stage of the way: `done`, `now` or `ahead`."""

    name: Promise
    place: str


@dataclass(frozen=True)
class Entry:
    """One line of the history."""

    at: datetime
    what: Promise


@dataclass(frozen=True)
class Clock:
    """Until when we have to answer, and what has moved that."""

    due: date
    left: str
    is_late: bool
    without_pauses: date | None
    extension: Extension | None
    reasons: str


@dataclass(frozen=True)
class Refused:
    """The answer to what was refused; without words where they are only for the person itself."""

    article: str
    text: str
    is_for_you: bool


@dataclass(frozen=True)
class Standing:
    """All of the page."""

    request: ErasureRequest
    path: str
    words: Words
    is_known: bool
    way: list[Stage]
    clock: Clock | None
    refused: Refused | None
    pauses: list[Pause]
    records: int | None
    period: tuple[datetime, datetime] | None
    history: list[Entry]

    @property
    def title(self) -> Promise:
        return PART if self.request.outcome == "partial" else self.words.title

    @property
    def awaits_code(self) -> bool:
        return self.request.status is State.AWAITING_IDENTITY

    @property
    def can_cancel(self) -> bool:
        return can_cancel(self.request)

    @property
    def has_certificate(self) -> bool:
        return hasattr(self.request, "certificate")

    @property
    def shows_rights(self) -> bool:
        """Tell whether the person has not got all that it asked for in time."""
        late = self.clock is not None and (self.clock.is_late or self.clock.extension is not None)
        return late or self.refused is not None or self.request.status is State.EXPIRED

    @property
    def scope_words(self) -> Promise:
        return SCOPE_WORDS[self.request.scope_kind]

    @property
    def ground_words(self) -> Promise:
        return GROUND_WORDS[self.request.ground]

    @property
    def ground_article(self) -> str:
        """Return the article as the language cites it; `17(1)(b)` is the ground's own name."""
        return _("Art. 17(1)(%(letter)s) GDPR") % {"letter": self.request.ground[-2]}

    @property
    def token(self) -> str:
        return status_token(self.request.pk)

    @property
    def zone(self) -> str:
        return timezone.get_default_timezone_name()

    @property
    def identity_days(self) -> int:
        return settings.IDENTITY_DAYS


def can_cancel(request: ErasureRequest) -> bool:
    return request.status in UNDECIDED_STATES


def standing_of(request: ErasureRequest) -> Standing:
    """Return what the page of a request shows."""
    scope = _scope(request)
    return Standing(
        request=request,
        path=status_path(request.pk),
        words=STATES[request.status],
        is_known=request.verified_at is not None,
        way=_way(request.status),
        clock=None if request.status in FINAL_STATES else _clock(request),
        refused=_refused(request),
        pauses=list(request.pauses.all()),
        records=_records(request, scope),
        period=scope.period if scope else None,
        history=_history(request),
    )


def _way(state: State) -> list[Stage]:
    """Return the stages; none for a request that ended without an erasure."""
    here = next((n for n, (_name, states) in enumerate(WAY) if state in states), None)
    if here is None:
        return []
    places = {n: "done" if n < here or state is State.COMPLETED else "ahead" for n in range(9)}
    places[here] = "done" if state is State.COMPLETED else "now"
    return [Stage(name, places[n]) for n, (name, _states) in enumerate(WAY)]


def _clock(request: ErasureRequest) -> Clock:
    due, left = request.due(), request.days_left()
    plain = request_due_on(request, paused=False)
    extension = Extension.objects.filter(request=request, in_force_at__isnull=False).first()
    known = request.verified_at is not None
    reasons = extension.reasons if extension and known else None
    return Clock(
        due=due,
        left=_left(left),
        is_late=left < 0,
        without_pauses=plain if plain != due else None,
        extension=extension,
        reasons=_text(reasons),
    )


def _left(days: int) -> str:
    if days < 0:
        return ngettext("%(n)d day late", "%(n)d days late", -days) % {"n": -days}
    if days == 0:
        return _("today")
    return ngettext("%(n)d day left", "%(n)d days left", days) % {"n": days}


def _refused(request: ErasureRequest) -> Refused | None:
    """Return the answer. A reason can tell that there is data, or none: only the person gets it."""
    answer = Answer.objects.filter(request=request).first()
    if answer is None:
        return None
    article = Refusal(answer.article)
    if request.verified_at is None and article not in SAY_NOTHING:
        return Refused("", "", is_for_you=False)
    return Refused(str(LAW[article]), _text(answer.text), is_for_you=True)


def _records(request: ErasureRequest, scope: Scope | None) -> int | None:
    """Return how many records it is about, once we know that it is the person."""
    if request.verified_at is None:
        return None
    if request.erased_interactions is not None:
        return request.erased_interactions
    if scope is None or request.identity is None:
        return None
    try:
        return len(records_in(identity_decrypt(request.identity), scope))
    except InvalidToken:  # as in `_scope`
        return None


def _scope(request: ErasureRequest) -> Scope | None:
    """Return what was asked for; None where that is forgotten."""
    if request.scope is None:
        return EVERYTHING if request.scope_kind == EVERYTHING.kind else None
    try:
        return scope_decrypt(request.scope)
    except InvalidToken:  # sealed under a key that is lost: the page opens all the same
        return None


def _history(request: ErasureRequest) -> list[Entry]:
    return [
        Entry(event.at, what)
        for event in request.events.all()
        if (
            what := MOVES[State(event.to_state)]
            if event.step == Step.MOVED
            else STEPS.get(event.step)
        )
    ]


def _text(sealed: bytes | memoryview | None) -> str:
    """Return what was written for the person; nothing where it is kept no longer."""
    try:
        return unseal(sealed).decode() if sealed is not None else ""
    except InvalidToken:
        return ""
