"""What the admin says and asks for each step that many requests can take."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from compliance.erasure.admin import letters
from compliance.erasure.admin.forms import (
    ApproveForm,
    AssignForm,
    CancelForm,
    DenyForm,
    ExtendForm,
    PauseForm,
    PlainForm,
)
from compliance.erasure.letters import Letter
from compliance.erasure.models import BatchAction, ErasureRequest


@dataclass(frozen=True)
class ManyStep:
    """A step for many requests.

    `asks` is filled in before each request is looked at, and `letter` is read then; `confirms` is
    filled in before the start.
    """

    title: Promise
    button: Promise
    asks: type[forms.Form] = PlainForm
    confirms: type[forms.Form] = PlainForm
    letter: Callable[[ErasureRequest, dict[str, Any]], Letter] | None = None
    variant: str = "primary"


MANY: dict[BatchAction, ManyStep] = {
    BatchAction.ASSIGN: ManyStep(_("Assign requests"), _("Assign all"), AssignForm),
    BatchAction.APPROVE: ManyStep(
        _("Approve requests"),
        _("Approve and erase all of them"),
        confirms=ApproveForm,
        variant="danger",
    ),
    BatchAction.DENY: ManyStep(
        _("Deny requests"),
        _("Deny all"),
        DenyForm,
        letter=letters.refusal_letter,
        variant="danger",
    ),
    BatchAction.EXTEND: ManyStep(
        _("Extend requests"), _("Extend all"), ExtendForm, letter=letters.extension_letter
    ),
    BatchAction.PAUSE: ManyStep(_("Pause the clock of requests"), _("Pause all"), PauseForm),
    BatchAction.UNPAUSE: ManyStep(_("Let the clock of requests run"), _("Let all run")),
    BatchAction.CANCEL: ManyStep(
        _("Cancel requests"), _("Cancel all"), CancelForm, variant="danger"
    ),
    BatchAction.RESUME: ManyStep(_("Resume requests"), _("Resume all")),
}
