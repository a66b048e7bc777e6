"""The partitioner that a plan names, and what `balanced-kmeans` freezes when it has looked."""

from collections.abc import Iterable, Mapping

import numpy as np
from django.db.models.functions import Collate

from compliance.provenance.histories import History
from compliance.provenance.models import FrozenShard, Plan
from compliance.records.models import ItemEmbedding
from recmodel.clustering import balanced, centroids
from recmodel.partition import (
    SEMANTIC,
    FrozenPartitioner,
    Partitioner,
    is_validation,
    keyed_hash,
    packed,
    partitioner,
)
from recmodel.taste import Embeddings, Floats, centre_of, directions

Tastes = Mapping[int, Floats]


def needs_tastes(plan: Plan) -> bool:
    """Tell whether the plan's partitioner looks at records, and not at identifiers alone."""
    return plan.looks_at_everybody or partitioner(plan.config["partition"]).needs_taste


def plan_partitioner(plan: Plan, found: Iterable[History], tastes: Tastes) -> Partitioner:
    """Return the plan's partitioner, ready to place `found`.

    Under `balanced-kmeans` the first subjects to be placed are clustered, and all later ones are
    newcomers. What was frozen is kept in a row of each subject, and goes with the subject.
    """
    if not plan.looks_at_everybody:
        return partitioner(plan.config["partition"])
    # Sums run in the order of names, not of rows.
    rows = FrozenShard.objects.filter(plan=plan).select_related("subject")
    rows = rows.order_by(Collate("subject__external_id", "C"))
    frozen = {
        row.subject.external_id: (row.shard, np.frombuffer(bytes(row.taste), dtype="<f4"))
        for row in rows
    }
    if not frozen:
        return FrozenPartitioner(*clustered(plan, found, tastes))
    return FrozenPartitioner(
        {subject: shard for subject, (shard, _) in frozen.items()},
        _means(plan.shards, list(frozen.values())),
    )


def clustered(
    plan: Plan, found: Iterable[History], tastes: Tastes
) -> tuple[dict[str, int], Floats]:
    """Return shards by external id, and the centroids: Algorithm 1 of APA (arXiv 2404.10327)."""
    key, share = plan.partition_key, plan.config["partition"]["validation_share"]
    people = sorted(
        (history for history in found if not is_validation(key, history.external_id, share)),
        key=lambda history: keyed_hash(key, "cluster", history.external_id),
    )
    if not people:
        return {}, np.zeros((plan.shards, 0))
    points = np.array([tastes[history.subject_id] for history in people])
    middles = centroids(points, plan.shards)
    shards = balanced(points, middles, -(-len(points) // plan.shards))
    names = (history.external_id for history in people)
    return dict(zip(names, shards.tolist(), strict=True)), middles


def freeze(plan: Plan, shards: Mapping[int, int | None], tastes: Tastes) -> None:
    """Keep where each subject was placed, and its taste as it is now; both by its row id."""
    if not plan.looks_at_everybody:
        return
    FrozenShard.objects.bulk_create(
        [
            FrozenShard(
                subject_id=subject,
                plan=plan,
                shard=shard,
                taste=tastes[subject].astype("<f4").tobytes(),
            )
            for subject, shard in shards.items()
            if shard is not None
        ],
        update_conflicts=True,
        unique_fields=["subject"],
        update_fields=["plan", "shard", "taste"],
    )


def _means(shards: int, members: list[tuple[int, Embeddings]]) -> Floats:
    """Return each shard's mean taste at unit length; zeros for one that is empty."""
    means = np.zeros((shards, len(members[0][1])))
    for shard, direction in members:
        means[shard] += direction
    lengths = np.linalg.norm(means, axis=1, keepdims=True)
    return np.divide(means, lengths, out=means, where=lengths > 0)


def frozen_catalogue(encoder: str, method: str, shards: int) -> dict[str, str]:
    """Return what tastes are measured from, and the centroids that `semantic` compares them with.

    Learned from the catalogue's embeddings alone, which are nobody's data.
    """
    rows = ItemEmbedding.objects.filter(encoder=encoder).order_by(Collate("item__external_id", "C"))
    vectors = [np.frombuffer(bytes(row), "<f4") for row in rows.values_list("vector", flat=True)]
    return frozen_embeddings(
        np.array(vectors) if vectors else np.zeros((0, 0), "<f4"), method, shards
    )


def frozen_embeddings(vectors: Embeddings, method: str, shards: int) -> dict[str, str]:
    """Return the same for a catalogue with these embeddings, [n, d]."""
    centre = centre_of(vectors)
    frozen = {"centre": packed(centre)}
    if method == SEMANTIC:
        middles = centroids(directions(vectors, centre), shards)
        frozen["centroids"] = packed(middles.astype(np.float32))
    return frozen
