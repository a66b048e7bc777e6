"""What stands on the page of a batch."""

from typing import Any

from django.db.models import Count, Max, Sum
from django.utils.translation import gettext as _

from compliance.erasure.admin.history import people_names
from compliance.erasure.admin.words import STATE_COLOURS, minutes_words, moment
from compliance.erasure.batches import AT_WORK
from compliance.erasure.models import STATE_LABELS, Batch, BatchState, ItemResult
from compliance.erasure.states import State
from compliance.provenance.learning import Facts

RESULT_COLOURS = {
    ItemResult.WAITING: "info",
    ItemResult.DONE: "success",
    ItemResult.REFUSED: "warning",
    ItemResult.FAILED: "danger",
}


def batch_context(batch: Batch) -> dict[str, Any]:
    """Return how far the batch is, and how many had which result."""
    counted = dict(batch.items.values_list("result").annotate(n=Count("pk")).order_by())
    total = sum(counted.values())
    if batch.state == BatchState.PREVIEWING:
        waiting = batch.items.filter(result=ItemResult.WAITING, digest="").count()
    else:
        waiting = counted.get(ItemResult.WAITING.value, 0)
    return {
        "batch": batch,
        "total": total,
        "done": total - waiting,
        "percent": 100 * (total - waiting) // total if total else 0,
        "at_work": batch.state in AT_WORK,
        "counts": [
            (result.label, counted[result.value], RESULT_COLOURS[result])
            for result in ItemResult
            if counted.get(result.value)
        ],
    }


def batch_facts(batch: Batch) -> Facts:
    """Return who chose the requests, and when."""
    return [
        (_("Chosen by"), people_names([batch.actor])[batch.actor]),
        (_("Chosen"), moment(batch.created_at)),
        (_("Done"), moment(batch.done_at)),
    ]


def states_chosen(batch: Batch) -> list[tuple[str, int, str]]:
    """Return how many of the requests are in which state now."""
    rows = batch.items.values_list("request__state").annotate(n=Count("pk")).order_by("-n")
    return [(str(STATE_LABELS[State(state)]), n, STATE_COLOURS[state]) for state, n in rows]


def impact_sum(batch: Batch) -> Facts:
    """Return what approving all that can be approved would do, together."""
    ready = batch.items.filter(result=ItemResult.WAITING)
    sums = ready.aggregate(n=Count("pk"), records=Sum("records"), prompts=Sum("prompts"))
    # Requests that touch one shard share one retraining: the longest of them counts.
    shards = ready.exclude(shard=None).values("shard").order_by("shard")
    longest = list(shards.annotate(most=Max("minutes")).values_list("shard", "most"))
    known = [most for _shard, most in longest if most is not None]
    none = _("No adapter has learned from them")
    return [
        (_("Requests that can be approved"), sums["n"]),
        (_("Requests that cannot"), batch.items.exclude(result=ItemResult.WAITING).count()),
        (_("Records erased"), sums["records"] or 0),
        (_("Prompts removed or cut anew"), sums["prompts"] or 0),
        (_("Shards trained anew"), ", ".join(str(shard) for shard, _most in longest) or none),
        *(
            [(_("Until all is proven"), minutes_words(sum(known) if known else None))]
            if longest
            else []
        ),
    ]
