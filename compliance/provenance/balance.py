"""How even the shards are and how much alike their subjects: as they are, and as they could be."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from compliance.provenance.histories import History, embedded, histories, tastes
from compliance.provenance.models import Plan, RecordPlace
from compliance.provenance.partitioning import Tastes, clustered, frozen_catalogue
from compliance.records.models import Interaction
from recmodel.clustering import Labels
from recmodel.partition import BALANCED, METHODS, partitioner, unpacked
from recmodel.taste import coherence


@dataclass(frozen=True)
class Balance:
    """One way to cut the subjects into shards: subjects and records of each, and coherence."""

    method: str
    in_force: bool
    subjects: tuple[int, ...]
    records: tuple[int, ...]
    coherence: float

    @property
    def largest_subjects(self) -> float:
        """Return the largest shard's subjects over the mean."""
        return _largest(self.subjects)

    @property
    def largest_records(self) -> float:
        """Return the largest shard's records over the mean."""
        return _largest(self.records)


def balances(plan: Plan) -> list[Balance]:
    """Return the partition in force, then each method's over the same subjects.

    Those would-be partitions have the plan's key and number of shards, and today's catalogue.
    Validation subjects are in no shard and do not count.
    """
    encoder = plan.config["encoder"]["digest"]
    rows = Interaction.objects.filter(record_place__plan=plan, record_place__shard__isnull=False)
    found = list(histories(plan, embedded(plan, rows)))
    centre = unpacked(frozen_catalogue(encoder, BALANCED, plan.shards)["centre"])
    likes = tastes(plan, found, centre)
    here = RecordPlace.objects.filter(plan=plan, place=0).values_list("subject_id", "shard")
    result = [_balance(plan, plan.method, found, likes, dict(here), in_force=True)]
    for method in METHODS:
        shards = _shards(plan, method, found, likes)
        result.append(_balance(plan, method, found, likes, shards, in_force=False))
    return result


def _shards(
    plan: Plan, method: str, found: Iterable[History], likes: Tastes
) -> Mapping[int, int | None]:
    """Return the shards that a plan made today with `method` would give, by row id of subject."""
    if method == BALANCED:
        names, _ = clustered(plan, found, likes)
        return {history.subject_id: names[history.external_id] for history in found}
    frozen = frozen_catalogue(plan.config["encoder"]["digest"], method, plan.shards)
    chooser = partitioner({**plan.config["partition"], "method": method, **frozen})
    return {
        history.subject_id: chooser.shard(history.external_id, likes[history.subject_id])
        for history in found
    }


def _balance(
    plan: Plan,
    method: str,
    found: list[History],
    likes: Tastes,
    shards: Mapping[int, int | None],
    *,
    in_force: bool,
) -> Balance:
    labels = np.array([shards[history.subject_id] for history in found], np.int64)
    records = np.array([len(history.records) for history in found], np.int64)
    directions = np.array([likes[history.subject_id] for history in found])
    return Balance(
        method=method,
        in_force=in_force,
        subjects=_counts(labels, np.ones_like(records), plan.shards),
        records=_counts(labels, records, plan.shards),
        coherence=coherence(directions, labels),
    )


def _counts(labels: Labels, weights: Labels, shards: int) -> tuple[int, ...]:
    counts = np.zeros(shards, np.int64)
    np.add.at(counts, labels, weights)
    return tuple(counts.tolist())


def _largest(counts: tuple[int, ...]) -> float:
    return max(counts) * len(counts) / max(1, sum(counts))
