"""What stands on the page of a batch."""

from typing import Any

from django.db.models import Count
from django.utils.translation import gettext as _

from compliance.erasure.admin.history import people_names
from compliance.erasure.admin.words import STATE_COLOURS, minutes_words, moment
from compliance.erasure.batch_figures import impact_together, results_counted
from compliance.erasure.batches import AT_WORK, OPEN_RESULTS
from compliance.erasure.models import STATE_LABELS, Batch, ItemResult
from compliance.erasure.states import State
from compliance.provenance.learning import Facts

RESULT_COLOURS = {
    ItemResult.WAITING: "info",
    ItemResult.POSSIBLE: "primary",
    ItemResult.DONE: "success",
    ItemResult.REFUSED: "warning",
    ItemResult.FAILED: "danger",
}


def batch_context(batch: Batch) -> dict[str, Any]:
    """Return how far the batch is, and how many had which result."""
    counted = results_counted([batch])[batch.pk]
    total = sum(counted.values())
    waiting = counted[OPEN_RESULTS[batch.state]] if batch.state in AT_WORK else 0
    return {
        "batch": batch,
        "total": total,
        "done": total - waiting,
        "percent": 100 * (total - waiting) // total if total else 0,
        "at_work": batch.state in AT_WORK,
        "counts": [
            (result.label, counted[result.value], RESULT_COLOURS[result])
            for result in ItemResult
            if counted[result.value]
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
    together = impact_together(batch)
    none = _("No adapter has learned from them")
    return [
        (_("Records erased"), together.records),
        (_("Prompts removed or cut anew"), together.prompts),
        (_("Shards trained anew"), ", ".join(map(str, together.shards)) or none),
        *([(_("Until all is proven"), minutes_words(together.minutes))] if together.shards else []),
    ]
