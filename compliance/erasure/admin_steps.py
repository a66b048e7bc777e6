"""What a reviewer can do with a request: each step with its form, its words and its service."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from compliance.erasure.models import ErasureEvent, Ground
from compliance.erasure.services import (
    request_approve,
    request_cancel,
    request_confirm_identity,
    request_deny,
    request_resume,
)
from compliance.erasure.states import TRANSITIONS, State

NOTE_LENGTH = ErasureEvent._meta.get_field("note").max_length
IDENTIFIER_LENGTH = 200
NOBODY_NAMED = "No names or other personal data: this stays in the history for good."


class PlainForm(forms.Form):
    """Nothing to fill in: the button is the whole question."""


class ApproveForm(forms.Form):
    """Approval cannot be undone, so the reviewer confirms that the consequences were read."""

    impact_read = forms.BooleanField(
        label="I have read the impact",
        widget=UnfoldBooleanWidget,
        error_messages={"required": "Read the impact above and tick this box to approve."},
    )


class DenyForm(forms.Form):
    """A refusal has reasons: Art. 12(4)."""

    reason = forms.CharField(
        label="Reason",
        max_length=NOTE_LENGTH,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text=f"Why the request is refused, with the article, in {NOTE_LENGTH} characters or "
        f"fewer. {NOBODY_NAMED}",
        error_messages={"required": "A refusal needs a reason: Art. 12(4)."},
    )


class NewRequestForm(forms.Form):
    """A request that reached the controller by letter, by telephone or in person."""

    subject = forms.CharField(
        label="Subject's identifier",
        max_length=IDENTIFIER_LENGTH,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
        help_text="Exactly as your systems know the person. It is stored encrypted. The answer is "
        "the same whether there are records of this person or not.",
    )
    ground = forms.ChoiceField(
        label="Ground",
        choices=Ground.choices,
        widget=UnfoldAdminSelectWidget,
        help_text="Why the records must be erased: GDPR Art. 17(1).",
    )
    identity_checked = forms.BooleanField(
        label="Identity checked",
        required=False,
        widget=UnfoldBooleanWidget,
        help_text="Tick this only if you have made sure that the person who asks is the subject. "
        "Otherwise the request waits for that check.",
    )


@dataclass(frozen=True)
class Step:
    """One thing that can be done; `run` gets the request's id, the actor and the cleaned form."""

    name: str
    title: str
    button: str
    target: State
    sources: frozenset[State]
    done: str
    run: Callable[[UUID, str, dict[str, Any]], object]
    form: type[forms.Form] = PlainForm
    variant: str = "primary"

    @property
    def template(self) -> str:
        return f"admin/erasure/erasurerequest/{self.name.replace('-', '_')}.html"


def _sources(target: State) -> frozenset[State]:
    return frozenset(state for state, following in TRANSITIONS.items() if target in following)


_ALL_STEPS = (
    Step(
        name="confirm-identity",
        title="Confirm identity",
        button="The identity is confirmed",
        target=State.IN_REVIEW,
        sources=_sources(State.IN_REVIEW),
        done="The identity is confirmed. The request is in review now.",
        run=lambda pk, actor, form: request_confirm_identity(request_id=pk, actor=actor),
    ),
    Step(
        name="approve",
        title="Approve",
        button="Approve and erase now",
        target=State.APPROVED,
        sources=_sources(State.APPROVED),
        done="Approved. The records are erased, and what learned from them is out of service.",
        run=lambda pk, actor, form: request_approve(request_id=pk, actor=actor),
        form=ApproveForm,
        variant="danger",
    ),
    Step(
        name="deny",
        title="Deny",
        button="Deny the request",
        target=State.DENIED,
        sources=_sources(State.DENIED),
        done="Denied. Nothing was erased.",
        run=lambda pk, actor, form: request_deny(request_id=pk, actor=actor, note=form["reason"]),
        form=DenyForm,
        variant="danger",
    ),
    Step(
        name="cancel",
        title="Cancel",
        button="Cancel the request",
        target=State.CANCELLED,
        sources=_sources(State.CANCELLED),
        done="Cancelled. Nothing was erased.",
        run=lambda pk, actor, form: request_cancel(request_id=pk, actor=actor),
        variant="danger",
    ),
    Step(
        name="resume",
        title="Resume",
        button="Resume the work",
        target=State.RETRAINING,
        sources=frozenset({State.FAILED}),
        done="Resumed. What is missing is queued again.",
        run=lambda pk, actor, form: request_resume(request_id=pk, actor=actor),
    ),
)
STEPS = {step.name: step for step in _ALL_STEPS}


def steps_from(state: State) -> list[Step]:
    """Return what can be done with a request in `state`."""
    return [step for step in _ALL_STEPS if state in step.sources]
