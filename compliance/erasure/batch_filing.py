"""Make a batch by a call that can be made again: under the id of its client it is one batch."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction

from compliance.canonical import canonical_json
from compliance.erasure.batches import batch_draft, batch_look
from compliance.erasure.models import Batch, BatchAction
from compliance.keyring import Key, keyed_digest


class OtherBatchError(Exception):
    """The id belongs to a batch of another content, or of somebody else."""

    def __init__(self) -> None:
        super().__init__("This id belongs to a batch of another content. Choose a new one.")


@dataclass(frozen=True)
class BatchFiling:
    """What one call asks for.

    choose: returns the requests; it is asked only for a batch that is new.
    content: the whole call as JSON. The order of members and white space are no content.
    """

    action: BatchAction
    choose: Callable[[], Sequence[uuid.UUID]]
    values: Mapping[str, Any]
    content: Any


def batch_file(
    filing: BatchFiling, *, batch_id: uuid.UUID | None, actor: str
) -> tuple[Batch, bool]:
    """Choose the requests and let a worker look at each; return the batch, and whether it is new.

    The same id with the same content gives the batch that is there. Raises `OtherBatchError`, and
    what `batch_draft` raises.
    """
    # With the actor in it, so that nobody learns of another's batch by its id.
    content = canonical_json(filing.content).decode()
    digest = keyed_digest(Key.BLIND_INDEX, "batch", actor, content)
    there = _find(batch_id)
    if there is None:
        try:
            return _make(filing, digest, batch_id=batch_id, actor=actor), True
        except IntegrityError:  # another call with this id came first
            there = _find(batch_id)
            if there is None:
                raise
    if bytes(there.content_digest or b"") != digest:
        raise OtherBatchError
    return there, False


@transaction.atomic
def _make(filing: BatchFiling, digest: bytes, *, batch_id: uuid.UUID | None, actor: str) -> Batch:
    batch = batch_draft(
        action=filing.action,
        request_ids=filing.choose(),
        actor=actor,
        batch_id=batch_id,
        content_digest=digest,
    )
    return batch_look(batch_id=batch.pk, actor=actor, values=filing.values)


def _find(batch_id: uuid.UUID | None) -> Batch | None:
    return Batch.objects.filter(pk=batch_id).first() if batch_id else None
