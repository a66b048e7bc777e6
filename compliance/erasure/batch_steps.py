"""What is seen of one request of a batch, what is done with it, and what is said of it."""

import logging
from collections.abc import Callable
from typing import Any

from cryptography.fernet import InvalidToken
from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from compliance.erasure.endorsing import approval_suffices
from compliance.erasure.errors import ImpactChangedError, PausedError, StepError, refusal_code
from compliance.erasure.identity import IdentityGoneError
from compliance.erasure.impact import impact_of
from compliance.erasure.models import (
    BatchAction,
    BatchItem,
    ErasureRequest,
    ItemResult,
    PauseKind,
    Refusal,
)
from compliance.erasure.services import (
    request_approve,
    request_assign,
    request_cancel,
    request_deny,
    request_extend,
    request_pause,
    request_resume,
    request_unpause,
)
from compliance.erasure.services.handling import AssigneeError
from compliance.erasure.states import IllegalTransitionError, State, check_transition
from compliance.faults import frames_of

NOT_REACHED = "not_reached"
logger = logging.getLogger(__name__)


def item_look(item: BatchItem, values: dict[str, Any]) -> None:
    """Tell what would become of one request now, and change nothing.

    An approval is previewed, and its digest kept. Any other step is taken and undone.
    """
    weighs = item.batch.action == BatchAction.APPROVE
    _guarded(item, lambda: _weigh(item) if weighs else _try(item, values))


def item_act(item: BatchItem, values: dict[str, Any]) -> None:
    """Do the batch's step with one request. What the step refuses is the item's result."""
    _guarded(item, lambda: _take(item, values))


def item_forbid(item: BatchItem) -> None:
    """Leave the request as it is: whoever made the batch may not decide any more."""
    words = _("Whoever started this may not decide requests any more.")
    _end(item, ItemResult.REFUSED, words, "not_allowed")


def too_late_words(request: ErasureRequest) -> str:
    """Say why a step is not possible in the state in which a request is."""
    return _("Not possible: the request is in the state “%(state)s”.") % {
        "state": request.get_state_display()
    }


def _guarded(item: BatchItem, act: Callable[[], None]) -> None:
    """Run `act` so that nothing of it stays if it fails, and only its item fails."""
    try:
        with transaction.atomic():
            act()
    except StepError as error:
        _end(item, ItemResult.REFUSED, str(error), refusal_code(error))
    except (IllegalTransitionError, IdentityGoneError) as error:
        item.request.refresh_from_db()
        _end(item, ItemResult.REFUSED, too_late_words(item.request), refusal_code(error))
    except InvalidToken:
        words = _("The identifier was encrypted with another identity key.")
        _end(item, ItemResult.FAILED, words, "other_key")
    except Exception as error:
        # Its message may quote anything, so neither the page nor the log has it.
        kind = type(error).__name__
        logger.error("Item %s of a batch: %s, at:\n%s", item.pk, kind, frames_of(error))
        words = _("An error: %(error)s. Try it alone.") % {"error": type(error).__name__}
        _end(item, ItemResult.FAILED, words, "error")


def _try(item: BatchItem, values: dict[str, Any]) -> None:
    _take(item, values)
    transaction.set_rollback(True)
    _end(item, ItemResult.POSSIBLE)


def _weigh(item: BatchItem) -> None:
    """Look at the impact of an approval, or raise what is in its way."""
    request = item.request
    check_transition(request.status, State.APPROVED)
    if request.paused_on:
        raise PausedError
    impact = impact_of(request)
    approval_suffices(request, actor=item.batch.actor, digest=impact.digest)
    item.digest = impact.digest
    item.records = impact.learning.records + impact.parked
    item.prompts = impact.learning.prompts
    item.shard = impact.learning.shard
    item.minutes = impact.outlook.minutes if impact.outlook else None
    _end(item, ItemResult.POSSIBLE)


def _take(item: BatchItem, values: dict[str, Any]) -> None:
    _end(item, ItemResult.DONE, _ACTS[BatchAction(item.batch.action)](item, values))


def _end(item: BatchItem, result: ItemResult, message: str = "", code: str = "") -> None:
    item.result, item.message, item.code = result, message[:400], code


def _assign(item: BatchItem, values: dict[str, Any]) -> str:
    number = values["assignee"]
    assignee = User.objects.filter(pk=number).first() if number else None
    if number and assignee is None:  # the account has gone since
        raise AssigneeError
    request_assign(request_id=item.request_id, actor=item.batch.actor, assignee=assignee)
    return _("Assigned.") if assignee else _("Assigned to nobody.")


def _approve(item: BatchItem, values: dict[str, Any]) -> str:
    """Approve what was previewed, or less.

    An approval before it in the same shard starts a training that leaves out whoever is restricted:
    then no adapter learns from these records any more, and nothing else about them has changed.
    """
    try:
        request = _approve_digest(item, item.digest)
    except ImpactChangedError as error:
        now = impact_of(item.request)
        if error.changed != ["shards"] or now.learning.shard is not None:
            raise
        request = _approve_digest(item, now.digest)
    if request.status is State.IN_REVIEW:
        return _("Approved by you; a second person has to approve too.")
    return _("Approved: the records are erased.")


def _approve_digest(item: BatchItem, digest: str) -> ErasureRequest:
    return request_approve(request_id=item.request_id, actor=item.batch.actor, digest=digest)


def _deny(item: BatchItem, values: dict[str, Any]) -> str:
    request_deny(
        request_id=item.request_id,
        actor=item.batch.actor,
        article=Refusal(values["article"]),
        text=values["text"],
        told=_told(values),
    )
    return _("Denied.")


def _told(values: dict[str, Any]) -> bool:
    """Whether the person was told otherwise; a batch of before the question has no answer."""
    return bool(values.get("told"))


def _extend(item: BatchItem, values: dict[str, Any]) -> str:
    request = request_extend(
        request_id=item.request_id,
        actor=item.batch.actor,
        reasons=values["reasons"],
        told=values["told"],
    )
    if request.extension.in_force_at:
        return _("Extended.")
    return _("The extension is in force once its mail has been sent.")


def _pause(item: BatchItem, values: dict[str, Any]) -> str:
    request_pause(
        request_id=item.request_id, actor=item.batch.actor, kind=PauseKind(values["kind"])
    )
    return _("The clock is paused.")


def _unpause(item: BatchItem, values: dict[str, Any]) -> str:
    request_unpause(request_id=item.request_id, actor=item.batch.actor)
    return _("The clock runs again.")


def _cancel(item: BatchItem, values: dict[str, Any]) -> str:
    request_cancel(request_id=item.request_id, actor=item.batch.actor, told=_told(values))
    return _("Cancelled.")


def _resume(item: BatchItem, values: dict[str, Any]) -> str:
    request_resume(request_id=item.request_id, actor=item.batch.actor)
    return _("Resumed. What is missing is queued again.")


_ACTS = {
    BatchAction.ASSIGN: _assign,
    BatchAction.APPROVE: _approve,
    BatchAction.DENY: _deny,
    BatchAction.EXTEND: _extend,
    BatchAction.PAUSE: _pause,
    BatchAction.UNPAUSE: _unpause,
    BatchAction.CANCEL: _cancel,
    BatchAction.RESUME: _resume,
}
