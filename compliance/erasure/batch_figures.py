"""Reads of batches: how many requests had which result, and what approving them does together."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Max, Sum

from compliance.erasure.models import Batch, BatchItem, ItemResult

APPROVED_OR_TO_BE = (ItemResult.POSSIBLE, ItemResult.DONE)


@dataclass(frozen=True)
class Together:
    """The impacts of all requests of a batch that can be approved, or have been.

    shards: those that are trained anew; minutes: None where none was timed.
    """

    records: int
    prompts: int
    shards: list[int]
    minutes: float | None


def results_counted(batches: Iterable[Batch]) -> dict[UUID, dict[str, int]]:
    """Return for each batch how many of its requests have which result."""
    rows = BatchItem.objects.filter(batch__in=[batch.pk for batch in batches])
    counts: dict[UUID, dict[str, int]] = defaultdict(lambda: dict.fromkeys(ItemResult.values, 0))
    for batch_id, result, n in (
        rows.values_list("batch", "result").annotate(n=Count("pk")).order_by()
    ):
        counts[batch_id][result] = n
    return counts


def impact_together(batch: Batch) -> Together:
    """Return what the approvals of a batch do, together."""
    items = batch.items.filter(result__in=APPROVED_OR_TO_BE)
    sums = items.aggregate(records=Sum("records"), prompts=Sum("prompts"))
    # Requests that touch one shard share one retraining: the longest of them counts.
    shards = items.exclude(shard=None).values("shard").order_by("shard")
    longest = list(shards.annotate(most=Max("minutes")).values_list("shard", "most"))
    known = [most for _shard, most in longest if most is not None]
    return Together(
        records=sums["records"] or 0,
        prompts=sums["prompts"] or 0,
        shards=[shard for shard, _most in longest if shard is not None],
        minutes=sum(known) if known else None,
    )
