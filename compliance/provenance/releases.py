"""Releases: which checkpoint of each shard is served, as a manifest with a content digest."""

from django.db import transaction
from django.db.models import F, Max

from compliance.canonical import json_digest
from compliance.provenance.leaves import records_tree
from compliance.provenance.models import (
    AdapterState,
    Checkpoint,
    Plan,
    Release,
    ReleaseKind,
    Serving,
)


def serving_lock() -> Serving:
    """Lock and return the row that says what is live; approvals and publications take turns.

    Take it before the lock on any request, adapter or job, so that no two wait for each other.
    """
    return Serving.objects.select_for_update().get(pk=1)


def live_release() -> tuple[Release | None, int]:
    """Return the live release and the epoch, which rises with every switch and every approval."""
    serving = Serving.objects.select_related("release__plan").get(pk=1)
    return serving.release, serving.epoch


def epoch_raise() -> None:
    """Make every answer that is being computed now start anew: what it has read may be gone."""
    Serving.objects.filter(pk=1).update(epoch=F("epoch") + 1)


class RetiredPlanError(Exception):
    """The plan is not in force any more: nothing of it may be trained or served."""


def require_active(plan: Plan) -> None:
    """Raise `RetiredPlanError` unless the plan is in force. The caller holds the serving lock."""
    if not Plan.objects.filter(pk=plan.pk, is_active=True).exists():
        raise RetiredPlanError(f"Plan {plan} is not in force any more.")


@transaction.atomic
def release_publish(*, plan: Plan) -> Release:
    """Serve the best clean checkpoint of every shard from now on.

    Where the manifest's content is what is live already, nothing changes.
    """
    serving = serving_lock()
    require_active(plan)
    served = served_checkpoints(plan)
    manifest = release_manifest(plan, served)
    digest = json_digest(manifest)
    if serving.release and serving.release.digest == digest and _same(serving.release, served):
        return serving.release
    release = Release.objects.create(
        plan=plan,
        number=(Release.objects.aggregate(last=Max("number"))["last"] or 0) + 1,
        kind=_kind(plan, served),
        manifest=manifest,
        digest=digest,
    )
    release.checkpoints.set(served)
    Serving.objects.filter(pk=1).update(release=release)
    epoch_raise()
    return release


def served_checkpoints(plan: Plan) -> list[Checkpoint]:
    """Return each shard's furthest clean checkpoint of its newest adapter that ever was active."""
    checkpoints = (
        Checkpoint.objects.clean()
        .filter(
            adapter__plan=plan,
            adapter__state__in=[AdapterState.ACTIVE, AdapterState.QUARANTINED],
        )
        .select_related("adapter")
        .order_by("adapter__shard", "-adapter__generation", "-slice")
    )
    best: dict[int, Checkpoint] = {}
    for checkpoint in checkpoints:
        best.setdefault(checkpoint.adapter.shard, checkpoint)
    return list(best.values())


def release_manifest(plan: Plan, served: list[Checkpoint]) -> dict[str, object]:
    """Return what a release consists of: content only, so equal content has an equal digest."""
    return {
        "plan": plan.digest,
        "base": plan.config["base"]["digest"],
        "mixture": "equal",
        "records": records_tree(plan),
        "shards": [
            {
                "shard": checkpoint.adapter.shard,
                "slices": checkpoint.slice + 1,
                "adapter": checkpoint.digest,
                "manifest": [
                    part["root"] for part in checkpoint.adapter.manifest[: checkpoint.slice + 1]
                ],
            }
            for checkpoint in served
        ],
    }


def _kind(plan: Plan, served: list[Checkpoint]) -> ReleaseKind:
    whole = [checkpoint for checkpoint in served if checkpoint.slice == plan.slices - 1]
    return ReleaseKind.FULL if len(whole) == plan.shards else ReleaseKind.INTERIM


def _same(release: Release, served: list[Checkpoint]) -> bool:
    return {checkpoint.pk for checkpoint in served} == set(
        release.checkpoints.values_list("pk", flat=True)
    )
