"""One step for many requests: chosen, looked at, started, and done one by one by a worker.

Each request has a transaction of its own, in which its result is written too: a worker killed
anywhere leaves none half done and does none twice, and what one refuses stops no other.
"""

import json
import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from compliance.erasure.batch_steps import item_act, item_preview
from compliance.erasure.errors import StepError
from compliance.erasure.models import (
    MAX_ITEMS,
    Batch,
    BatchAction,
    BatchItem,
    BatchState,
    ErasureRequestQuerySet,
    ItemResult,
)
from compliance.jobs.models import Queue
from compliance.jobs.services import job_enqueue
from compliance.sealing import seal, unseal

BATCH = "batch"
FORGET_DRAFTS = timedelta(days=1)
AT_WORK = frozenset({BatchState.PREVIEWING.value, BatchState.RUNNING.value})


class BatchError(StepError):
    """The batch cannot be made or started."""


@transaction.atomic
def batch_draft(*, action: BatchAction, requests: ErasureRequestQuerySet, actor: str) -> Batch:
    """Keep which requests were chosen; for an approval, begin to look at each.

    Raises `BatchError` for none and for more than `MAX_ITEMS`.
    """
    chosen = list(requests.values_list("pk", flat=True)[: MAX_ITEMS + 1])
    if not chosen:
        raise BatchError(_("Choose requests first."))
    if len(chosen) > MAX_ITEMS:
        words = _("More than %(most)s requests match; no more can be done at once. Narrow them.")
        raise BatchError(words % {"most": f"{MAX_ITEMS:,}"})
    stale = timezone.now() - FORGET_DRAFTS
    Batch.objects.filter(state=BatchState.DRAFT, created_at__lt=stale).delete()
    batch = Batch.objects.create(
        action=action, actor=actor, language=translation.get_language() or ""
    )
    BatchItem.objects.bulk_create(
        (BatchItem(batch=batch, request_id=pk) for pk in chosen), batch_size=1000
    )
    if action == BatchAction.APPROVE:
        _move(batch, BatchState.DRAFT, BatchState.PREVIEWING)
    return batch


@transaction.atomic
def batch_start(*, batch_id: uuid.UUID, actor: str, values: Mapping[str, Any]) -> Batch:
    """Let a worker do it. Whoever chose the requests starts it, once. Raises `BatchError`."""
    batch = Batch.objects.select_for_update().get(pk=batch_id)
    if batch.actor != actor:
        raise BatchError(_("Somebody else has chosen these requests: only they can start this."))
    ready = BatchState.READY if batch.action == BatchAction.APPROVE else BatchState.DRAFT
    if batch.state != ready:
        raise BatchError(_("This has been started already."))
    batch.values = seal(json.dumps(dict(values)))
    batch.save(update_fields=["values"])
    _move(batch, ready, BatchState.RUNNING)
    return batch


def batch_values(batch: Batch) -> dict[str, Any]:
    """Return the reasons or the assignee of a running batch."""
    return dict(json.loads(unseal(batch.values))) if batch.values is not None else {}


def items_waiting(batch: Batch) -> list[int]:
    """Return the items that are to be previewed, or done, in the order of the queue."""
    waiting = batch.items.filter(result=ItemResult.WAITING)
    if batch.state == BatchState.PREVIEWING:
        waiting = waiting.filter(digest="")
    return list(waiting.order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def item_work(*, item_id: int) -> None:
    """Preview or do one item; write what became of it. Errors of the step are its result."""
    item = BatchItem.objects.select_for_update(of=("self",)).select_related("batch").get(pk=item_id)
    batch = item.batch
    if item.result != ItemResult.WAITING or batch.state not in AT_WORK:
        return
    with translation.override(batch.language or None):
        if batch.state == BatchState.PREVIEWING:
            item_preview(item)
        elif _may_decide(batch.actor):
            item_act(item, batch_values(batch))
        else:
            item.result = ItemResult.REFUSED
            item.message = _("Whoever started this may not decide requests any more.")
    item.done_at = None if item.result == ItemResult.WAITING else timezone.now()
    item.save()


@transaction.atomic
def batch_finish(batch_id: uuid.UUID) -> None:
    """End the previews, or the batch. What it was told to write is needed no longer then."""
    batch = Batch.objects.select_for_update().get(pk=batch_id)
    if batch.state == BatchState.PREVIEWING:
        Batch.objects.filter(pk=batch_id).update(state=BatchState.READY)
    elif batch.state == BatchState.RUNNING:
        Batch.objects.filter(pk=batch_id).update(
            state=BatchState.DONE, values=None, done_at=timezone.now()
        )


@transaction.atomic
def batch_give_up(batch_id: uuid.UUID) -> None:
    """End a batch whose worker failed again and again; what was not reached is not done."""
    batch = Batch.objects.select_for_update().get(pk=batch_id)
    with translation.override(batch.language or None):
        batch.items.filter(result=ItemResult.WAITING).update(
            result=ItemResult.FAILED,
            message=_("The worker failed before this one. Nothing was changed; choose it again."),
            done_at=timezone.now(),
        )
    Batch.objects.filter(pk=batch_id).update(
        state=BatchState.DONE, values=None, done_at=timezone.now()
    )


def _move(batch: Batch, source: BatchState, target: BatchState) -> None:
    assert Batch.objects.filter(pk=batch.pk, state=source).update(state=target) == 1
    batch.state = target.value
    job_enqueue(queue=Queue.DEFAULT, kind=BATCH, target=str(batch.pk))


def _may_decide(actor: str) -> bool:
    number = actor.removeprefix("user:")
    user = User.objects.filter(pk=number).first() if number.isdigit() else None
    return bool(user and user.is_active and user.has_perm("erasure.decide"))
