"""The steps of a review by name: what each takes and which service takes it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from compliance.accounts.fields import StrictSerializer
from compliance.erasure.models import IdentityMethod, PauseKind, Refusal
from compliance.erasure.rest.step_bodies import (
    ApproveSerializer,
    AssignSerializer,
    CancelSerializer,
    DenySerializer,
    ExtendSerializer,
    NothingSerializer,
    PauseBodySerializer,
)
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

Run = Callable[[UUID, str, dict[str, Any]], object]


@dataclass(frozen=True)
class Step:
    """`run` gets the request's id, the actor and the valid body."""

    body: type[StrictSerializer]
    run: Run


STEPS: dict[str, Step] = {
    "confirm-identity": Step(
        NothingSerializer,
        lambda pk, actor, body: request_confirm_identity(
            request_id=pk, actor=actor, method=IdentityMethod.ASSERTED
        ),
    ),
    "approve": Step(
        ApproveSerializer,
        lambda pk, actor, body: request_approve(request_id=pk, actor=actor, **body),
    ),
    "deny": Step(
        DenySerializer,
        lambda pk, actor, body: request_deny(
            request_id=pk,
            actor=actor,
            article=Refusal(body["article"]),
            text=body["text"],
            told=body["told"],
        ),
    ),
    "extend": Step(
        ExtendSerializer,
        lambda pk, actor, body: request_extend(request_id=pk, actor=actor, **body),
    ),
    "extension-told": Step(
        NothingSerializer,
        lambda pk, actor, body: extension_confirm(request_id=pk, actor=actor),
    ),
    "pause": Step(
        PauseBodySerializer,
        lambda pk, actor, body: request_pause(
            request_id=pk, actor=actor, kind=PauseKind(body["kind"])
        ),
    ),
    "unpause": Step(
        NothingSerializer,
        lambda pk, actor, body: request_unpause(request_id=pk, actor=actor),
    ),
    "cancel": Step(
        CancelSerializer,
        lambda pk, actor, body: request_cancel(request_id=pk, actor=actor, **body),
    ),
    "told": Step(
        NothingSerializer,
        lambda pk, actor, body: person_told(request_id=pk, actor=actor),
    ),
    "resume": Step(
        NothingSerializer,
        lambda pk, actor, body: request_resume(request_id=pk, actor=actor),
    ),
    "assign": Step(
        AssignSerializer,
        lambda pk, actor, body: request_assign(request_id=pk, actor=actor, **body),
    ),
}
