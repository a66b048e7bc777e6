"""What is done with one request of a batch, and what is said of it."""

import logging
from typing import Any

from cryptography.fernet import InvalidToken
from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from compliance.erasure.errors import ImpactChangedError, PausedError, StepError
from compliance.erasure.identity import IdentityGoneError
from compliance.erasure.impact import impact_of
from compliance.erasure.models import BatchAction, BatchItem, ErasureRequest, ItemResult, Refusal
from compliance.erasure.services import (
    request_approve,
    request_assign,
    request_cancel,
    request_deny,
    request_extend,
)
from compliance.erasure.states import IllegalTransitionError, State

logger = logging.getLogger(__name__)


def item_preview(item: BatchItem) -> None:
    """Look at the impact of one approval, or say why there can be none."""
    request = item.request
    if request.status is not State.IN_REVIEW:
        _refuse(item, too_late_words(request))
    elif request.paused_on:
        _refuse(item, str(PausedError()))
    else:
        _guarded(item, lambda: _look(item))


def item_act(item: BatchItem, values: dict[str, Any]) -> None:
    """Do the batch's step with one request. What the step refuses is the item's result."""
    _guarded(item, lambda: _done(item, _ACTS[BatchAction(item.batch.action)](item, values)))


def too_late_words(request: ErasureRequest) -> str:
    """Say why a step is not possible in the state in which a request is."""
    return _("Not possible: the request is in the state “%(state)s”.") % {
        "state": request.get_state_display()
    }


def _guarded(item: BatchItem, act: Any) -> None:
    """Run `act` so that nothing of it stays if it fails, and only its item fails."""
    try:
        with transaction.atomic():
            act()
    except StepError as error:
        _refuse(item, str(error))
    except (IllegalTransitionError, IdentityGoneError):
        item.request.refresh_from_db()
        _refuse(item, too_late_words(item.request))
    except InvalidToken:
        _fail(item, _("The identifier was encrypted with another identity key."))
    except Exception as error:
        # Its message may quote anything, so neither the page nor the log has it.
        logger.error("Item %s of a batch failed: %s.", item.pk, type(error).__name__)
        _fail(item, _("An error: %(error)s. Try it alone.") % {"error": type(error).__name__})


def _look(item: BatchItem) -> None:
    impact = impact_of(item.request)
    item.digest = impact.digest
    item.records = impact.learning.records + impact.parked
    item.prompts = impact.learning.prompts
    item.shard = impact.learning.shard
    item.minutes = impact.outlook.minutes if impact.outlook else None


def _done(item: BatchItem, message: str) -> None:
    item.result, item.message = ItemResult.DONE, message


def _refuse(item: BatchItem, message: str) -> None:
    item.result, item.message = ItemResult.REFUSED, message[:400]


def _fail(item: BatchItem, message: str) -> None:
    item.result, item.message = ItemResult.FAILED, message[:400]


def _assign(item: BatchItem, values: dict[str, Any]) -> str:
    number = values["assignee"]
    assignee = User.objects.filter(pk=number).first() if number else None
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
    )
    return _("Denied.")


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


def _cancel(item: BatchItem, values: dict[str, Any]) -> str:
    request_cancel(request_id=item.request_id, actor=item.batch.actor)
    return _("Cancelled.")


_ACTS = {
    BatchAction.ASSIGN: _assign,
    BatchAction.APPROVE: _approve,
    BatchAction.DENY: _deny,
    BatchAction.EXTEND: _extend,
    BatchAction.CANCEL: _cancel,
}
