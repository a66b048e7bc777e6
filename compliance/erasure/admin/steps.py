"""What a reviewer can do with a request: each step with its form, its words and its service."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from cryptography.fernet import InvalidToken
from django import forms
from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from compliance.erasure.admin import letters
from compliance.erasure.admin.forms import (
    ApproveForm,
    AssignForm,
    CancelForm,
    DenyForm,
    ExtendForm,
    PartForm,
    PauseForm,
    PlainForm,
)
from compliance.erasure.admin.scopes import scope_initial
from compliance.erasure.endorsing import part_to_confirm
from compliance.erasure.letters import Letter
from compliance.erasure.models import ErasureRequest, Extension, PauseKind, Refusal
from compliance.erasure.parts import Part
from compliance.erasure.services import (
    extension_confirm,
    person_told,
    request_approve,
    request_assign,
    request_cancel,
    request_confirm_identity,
    request_deny,
    request_extend,
    request_pause,
    request_resume,
    request_unpause,
)
from compliance.erasure.states import (
    OPEN_STATES,
    TRANSITIONS,
    UNDECIDED_STATES,
    UNERASED_STATES,
    State,
)

Values = dict[str, Any]


def _sources(target: State) -> frozenset[State]:
    return frozenset(state for state, following in TRANSITIONS.items() if target in following)


def _always(request: ErasureRequest) -> bool:
    return True


def _clock_runs(request: ErasureRequest) -> bool:
    return request.paused_on is None


def _not_extended(request: ErasureRequest) -> bool:
    return not Extension.objects.filter(request=request).exists()


def _extension_untold(request: ErasureRequest) -> bool:
    return Extension.objects.filter(request=request, in_force_at=None).exists()


def _untold(request: ErasureRequest) -> bool:
    return ErasureRequest.objects.untold().filter(pk=request.pk).exists()


def _empty(request: ErasureRequest, actor: str) -> Values:
    return {}


def _as_endorsed(request: ErasureRequest, actor: str) -> Values:
    """Fill in what the first of two has approved: the second need not type it again."""
    try:
        part = part_to_confirm(request, actor=actor) if settings.FOUR_EYES else None
    except InvalidToken:  # the page has to open all the same
        part = None
    if part is None:
        return {}
    return scope_initial(part.scope) | {"article": part.article, "text": part.text}


@dataclass(frozen=True)
class Step:
    """One thing that can be done; `run` gets the request's id, the actor and the cleaned form.

    With `letter` the reviewer reads what the person will read before it is done; `weighs` says
    that the impact is shown and approved by its digest. `initial` fills in the form for an actor.
    """

    name: str
    title: Promise
    button: Promise
    done: Promise
    sources: frozenset[State]
    run: Callable[[UUID, str, Values], object]
    form: type[forms.Form] = PlainForm
    initial: Callable[[ErasureRequest, str], Values] = _empty
    offered: Callable[[ErasureRequest], bool] = _always
    letter: Callable[[ErasureRequest, Values], Letter] | None = None
    weighs: bool = False
    permissions: tuple[str, ...] = ("erasure.decide",)
    variant: str = "primary"
    prominent: bool = False

    @property
    def template(self) -> str:
        return f"admin/erasure/erasurerequest/steps/{self.name.replace('-', '_')}.html"

    def possible(self, request: ErasureRequest) -> bool:
        """Tell whether the request is so that this can be done with it."""
        return request.status in self.sources and self.offered(request)


def part_of(values: Values) -> Part | None:
    """Return the part that a cleaned form names; None for a form that names none."""
    if "scope" not in values:
        return None
    return Part(values["scope"], Refusal(values["article"]), values["text"].strip())


def _approve(pk: UUID, actor: str, values: Values) -> object:
    return request_approve(
        request_id=pk, actor=actor, digest=values["digest"], part=part_of(values)
    )


_ALL_STEPS = (
    Step(
        name="confirm-identity",
        title=_("Confirm identity"),
        button=_("The identity is confirmed"),
        done=_("The identity is confirmed. The request is in review now."),
        sources=_sources(State.IN_REVIEW),
        run=lambda pk, actor, form: request_confirm_identity(request_id=pk, actor=actor),
        prominent=True,
    ),
    Step(
        name="approve",
        title=_("Approve"),
        button=_("Approve and erase now"),
        done=_("Approved. The records are erased, and what learned from them is out of service."),
        sources=_sources(State.APPROVED),
        run=_approve,
        form=ApproveForm,
        offered=_clock_runs,
        weighs=True,
        variant="danger",
        prominent=True,
    ),
    Step(
        name="approve-part",
        title=_("Approve a part"),
        button=_("Erase this part now"),
        done=_("Approved in part. The part's records are erased; the rest stays."),
        sources=_sources(State.APPROVED),
        run=_approve,
        form=PartForm,
        initial=_as_endorsed,
        offered=_clock_runs,
        letter=letters.part_letter,
        weighs=True,
        permissions=("erasure.decide", "erasure.view_identity"),
        variant="danger",
    ),
    Step(
        name="deny",
        title=_("Deny"),
        button=_("Deny the request"),
        done=_("Denied. Nothing was erased."),
        sources=_sources(State.DENIED),
        run=lambda pk, actor, form: request_deny(
            request_id=pk,
            actor=actor,
            article=Refusal(form["article"]),
            text=form["text"],
            told=form["told"],
        ),
        form=DenyForm,
        letter=letters.refusal_letter,
        variant="danger",
    ),
    Step(
        name="extend",
        title=_("Extend"),
        button=_("Extend by two months"),
        done=_("The extension is decided. It is in force once the person has been told."),
        sources=UNDECIDED_STATES,
        run=lambda pk, actor, form: request_extend(
            request_id=pk, actor=actor, reasons=form["reasons"], told=form["told"]
        ),
        form=ExtendForm,
        offered=_not_extended,
        letter=letters.extension_letter,
    ),
    Step(
        name="confirm-extension",
        title=_("Extension was told"),
        button=_("The person has been told"),
        done=_("Noted. The clock shows whether the extension is in force."),
        sources=UNDECIDED_STATES,
        run=lambda pk, actor, form: extension_confirm(request_id=pk, actor=actor),
        offered=_extension_untold,
    ),
    Step(
        name="pause",
        title=_("Pause the clock"),
        button=_("Pause the clock"),
        done=_("The clock is paused."),
        sources=UNDECIDED_STATES,
        run=lambda pk, actor, form: request_pause(
            request_id=pk, actor=actor, kind=PauseKind(form["kind"])
        ),
        form=PauseForm,
        offered=_clock_runs,
    ),
    Step(
        name="resume-clock",
        title=_("Let the clock run"),
        button=_("Let the clock run"),
        done=_("The clock runs again. The due date has moved by the days of the pause."),
        sources=UNDECIDED_STATES,
        run=lambda pk, actor, form: request_unpause(request_id=pk, actor=actor),
        offered=lambda request: not _clock_runs(request),
        prominent=True,
    ),
    Step(
        name="assign",
        title=_("Assign"),
        button=_("Assign"),
        done=_("Assigned."),
        sources=OPEN_STATES,
        run=lambda pk, actor, form: request_assign(
            request_id=pk, actor=actor, assignee=form["assignee"]
        ),
        form=AssignForm,
    ),
    Step(
        name="cancel",
        title=_("Cancel"),
        button=_("Cancel the request"),
        done=_("Cancelled. Nothing was erased."),
        sources=_sources(State.CANCELLED),
        run=lambda pk, actor, form: request_cancel(request_id=pk, actor=actor, told=form["told"]),
        form=CancelForm,
        variant="danger",
    ),
    Step(
        name="person-told",
        title=_("The person was told"),
        button=_("I have told the person"),
        done=_("Noted. The restriction of the records has ended."),
        sources=UNERASED_STATES,
        run=lambda pk, actor, form: person_told(request_id=pk, actor=actor),
        offered=_untold,
        prominent=True,
    ),
    Step(
        name="resume",
        title=_("Resume"),
        button=_("Resume the work"),
        done=_("Resumed. What is missing is queued again."),
        sources=frozenset({State.FAILED}),
        run=lambda pk, actor, form: request_resume(request_id=pk, actor=actor),
        prominent=True,
    ),
)
STEPS = {step.name: step for step in _ALL_STEPS}


def steps_for(request: ErasureRequest, user: Any) -> list[Step]:
    """Return what this user can do with the request as it is."""
    return [
        step for step in _ALL_STEPS if user.has_perms(step.permissions) and step.possible(request)
    ]
