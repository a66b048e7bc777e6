"""One step for many requests: chosen, looked at, started, and done one by one by a worker.

A batch goes one way, whoever made it and whatever its step: a worker first looks at each request,
so that it is known what would be refused, and nothing is done before the batch is started.

Each request has a transaction of its own, in which its result is written too: a worker killed
anywhere leaves none half done and does none twice, and what one refuses stops no other.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from compliance.erasure.batch_steps import NOT_REACHED, item_act, item_forbid, item_look
from compliance.erasure.deciders import may_decide
from compliance.erasure.errors import StepError
from compliance.erasure.models import (
    MAX_ITEMS,
    Batch,
    BatchAction,
    BatchItem,
    BatchState,
    ErasureRequest,
    ItemResult,
)
from compliance.jobs.models import Queue
from compliance.jobs.services import job_enqueue
from compliance.sealing import seal, unseal

BATCH = "batch"
AT_WORK = frozenset({BatchState.PREVIEWING.value, BatchState.RUNNING.value})
# The items that a worker has not done with yet.
OPEN_RESULTS: dict[str, ItemResult] = {
    BatchState.PREVIEWING: ItemResult.WAITING,
    BatchState.RUNNING: ItemResult.POSSIBLE,
}


class BatchError(StepError):
    """The batch cannot be made or started."""


class UnknownRequestsError(BatchError):
    """Some of the ids are of no request."""

    def __init__(self, unknown: set[uuid.UUID]) -> None:
        self.unknown = unknown
        super().__init__("There is no erasure request with this id.")


class TooManyError(BatchError):
    """More requests than one batch takes."""

    def __init__(self) -> None:
        words = _("More than %(most)s requests match; no more can be done at once. Narrow them.")
        super().__init__(words % {"most": f"{MAX_ITEMS:,}"})


@transaction.atomic
def batch_draft(
    *,
    action: BatchAction,
    request_ids: Sequence[uuid.UUID],
    actor: str,
    batch_id: uuid.UUID | None = None,
    content_digest: bytes | None = None,
) -> Batch:
    """Keep which requests were chosen, in this order; one that is named twice is taken once.

    Raises `BatchError` for none, `TooManyError`, and `UnknownRequestsError`.
    """
    chosen = list(dict.fromkeys(request_ids))
    if not chosen:
        raise BatchError(_("Choose requests first."))
    if len(chosen) > MAX_ITEMS:
        raise TooManyError
    known = ErasureRequest.objects.filter(pk__in=chosen).values_list("pk", flat=True)
    if unknown := set(chosen) - set(known):
        raise UnknownRequestsError(unknown)
    batch = Batch(
        id=batch_id or uuid.uuid4(),
        action=action,
        actor=actor,
        language=translation.get_language() or "",
        content_digest=content_digest,
    )
    batch.save(force_insert=True)
    items = (BatchItem(batch=batch, request_id=pk) for pk in chosen)
    BatchItem.objects.bulk_create(items, batch_size=1000)
    return batch


@transaction.atomic
def batch_look(*, batch_id: uuid.UUID, actor: str, values: Mapping[str, Any]) -> Batch:
    """Let a worker look at each request. `values` are what the step takes; they stand from now on.

    Raises `BatchError`.
    """
    batch = _lock(batch_id, actor)
    if batch.state != BatchState.DRAFT:
        raise BatchError(_("A worker looks at these requests already."))
    batch.values = seal(json.dumps({name: _plain(value) for name, value in values.items()}))
    batch.save(update_fields=["values"])
    _move(batch, BatchState.PREVIEWING)
    return batch


@transaction.atomic
def batch_start(*, batch_id: uuid.UUID, actor: str) -> Batch:
    """Let a worker do what was looked at. Whoever chose the requests starts it, once.

    Raises `BatchError`.
    """
    batch = _lock(batch_id, actor)
    if batch.state in (BatchState.DRAFT, BatchState.PREVIEWING):
        raise BatchError(_("Each request has to be looked at first. Wait until that is done."))
    if batch.state != BatchState.READY:
        raise BatchError(_("This has been started already."))
    _move(batch, BatchState.RUNNING)
    return batch


def batch_values(batch: Batch) -> dict[str, Any]:
    """Return what the step takes: the reasons, the assignee or the kind of pause."""
    return dict(json.loads(unseal(batch.values))) if batch.values is not None else {}


def items_open(batch: Batch) -> list[int]:
    """Return the items that are to be looked at, or done, in the order of the choice."""
    result = OPEN_RESULTS.get(batch.state)
    return list(batch.items.filter(result=result).order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def item_work(*, item_id: int) -> None:
    """Look at one item, or do it; write what became of it. Errors of the step are its result."""
    item = BatchItem.objects.select_for_update(of=("self",)).select_related("batch").get(pk=item_id)
    batch = item.batch
    if item.result != OPEN_RESULTS.get(batch.state):
        return
    with translation.override(batch.language or None):
        if not may_decide(batch.actor):
            item_forbid(item)
        elif batch.state == BatchState.PREVIEWING:
            item_look(item, batch_values(batch))
        else:
            item_act(item, batch_values(batch))
    item.done_at = None if item.result == ItemResult.POSSIBLE else timezone.now()
    item.save()


@transaction.atomic
def batch_finish(batch_id: uuid.UUID) -> None:
    """End the previews, or the batch. What it was told to write is needed no longer then."""
    batch = Batch.objects.select_for_update().get(pk=batch_id)
    if batch.state == BatchState.PREVIEWING:
        Batch.objects.filter(pk=batch_id).update(state=BatchState.READY)
    elif batch.state == BatchState.RUNNING:
        _end(batch_id)


@transaction.atomic
def batch_give_up(batch_id: uuid.UUID) -> None:
    """End a batch whose worker failed again and again; what was not reached is not done."""
    batch = Batch.objects.select_for_update().filter(pk=batch_id, state__in=AT_WORK).first()
    if batch is None:
        return
    with translation.override(batch.language or None):
        batch.items.filter(result__in=[ItemResult.WAITING, ItemResult.POSSIBLE]).update(
            result=ItemResult.FAILED,
            code=NOT_REACHED,
            message=_("The worker failed before this one. Nothing was changed; choose it again."),
            done_at=timezone.now(),
        )
    _end(batch_id)


def _lock(batch_id: uuid.UUID, actor: str) -> Batch:
    batch = Batch.objects.select_for_update().get(pk=batch_id)
    if batch.actor != actor:
        raise BatchError(_("Somebody else has chosen these requests: only they can start this."))
    return batch


def _move(batch: Batch, target: BatchState) -> None:
    """Move a locked batch on and queue the work of that state."""
    batch.state = target.value
    batch.save(update_fields=["state"])
    job_enqueue(queue=Queue.DEFAULT, kind=BATCH, target=str(batch.pk))


def _end(batch_id: uuid.UUID) -> None:
    Batch.objects.filter(pk=batch_id).update(
        state=BatchState.DONE, values=None, done_at=timezone.now()
    )


def _plain(value: Any) -> Any:
    """Return a valid value as a JSON type: for a user, the number."""
    return value.pk if hasattr(value, "pk") else value
