"""Releases: which checkpoint of each shard is served, as a manifest with a content digest."""

from typing import Any

from django.db import transaction
from django.db.models import F, Max

from compliance.canonical import json_digest
from compliance.jobs.models import Queue
from compliance.jobs.services import job_enqueue
from compliance.provenance.leaves import branches_fill, records_tree
from compliance.provenance.models import (
    AdapterState,
    Checkpoint,
    FittedCalibrator,
    Plan,
    Release,
    ReleaseKind,
    Serving,
)
from compliance.provenance.validation import error_digests

REFIT = "refit"


def serving_lock() -> Serving:
    """Lock and return the row that says what is live; approvals and publications take turns.

    All locks are taken in one order, so that no two transactions wait for each other: this row;
    adapters and jobs, whose lease is prolonged or ended first; requests, by id; the lock on what
    comes in (`ingest_lock` or `ingest_stop`, but not the second after the first); subjects, in the
    order of `subjects_lock`. Most need only some of them.
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

    Until a calibrator has been fitted to just this content the plan's own serves. Calibrators of
    other content are destroyed. A job is queued that fits what is missing, and finds errors that
    are. Where the manifest's content is what is live already, nothing changes.
    """
    serving = serving_lock()
    require_active(plan)
    branches_fill(plan)
    served = served_checkpoints(plan)
    inputs = release_inputs(plan, served)
    fitted = _fitted(plan, json_digest(inputs))
    manifest = release_manifest(plan, inputs, fitted)
    if not _is_whole(manifest):
        job_enqueue(queue=Queue.TRAIN, kind=REFIT, target=str(plan.pk))
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


def calibrator_add(plan: Plan, *, inputs: str, content: dict[str, Any]) -> None:
    """Keep the calibrator fitted to what a release consists of; `release_publish` then serves it.

    The caller holds the serving lock.
    """
    FittedCalibrator.objects.update_or_create(
        plan=plan, inputs=inputs, defaults={"content": content}
    )


def is_settled(release: Release) -> bool:
    """Tell whether the release serves a calibrator that was fitted to it, and knows all errors."""
    return _is_whole(release.manifest)


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


def release_inputs(plan: Plan, served: list[Checkpoint]) -> dict[str, Any]:
    """Return all that a release's calibrator depends on: content only, no row ids, no times."""
    return {
        "plan": plan.digest,
        "base": plan.config["base"]["digest"],
        "mixture": plan.config["mixture"],
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


def release_manifest(
    plan: Plan, inputs: dict[str, Any], fitted: FittedCalibrator | None
) -> dict[str, Any]:
    """Return what a release consists of; equal content has an equal digest.

    The error of a shard's adapter on the validation subjects stands as a digest, or None until
    it is known of each of them.
    """
    errors = error_digests(plan, [entry["adapter"] for entry in inputs["shards"]])
    content = fitted.content if fitted else plan.config["calibrator"]
    return inputs | {
        "shards": [entry | {"errors": errors[entry["adapter"]]} for entry in inputs["shards"]],
        "calibrator": {"fitted": fitted is not None, "digest": json_digest(content)},
    }


def calibrator_of(release: Release) -> dict[str, Any]:
    """Return the content of the calibrator that the release serves.

    Raise `FittedCalibrator.DoesNotExist` if the release is not live any more and it is destroyed.
    """
    plan = release.plan
    if not release.manifest["calibrator"]["fitted"]:
        return dict(plan.config["calibrator"])
    for fitted in FittedCalibrator.objects.filter(plan=plan):
        if json_digest(fitted.content) == release.manifest["calibrator"]["digest"]:
            return dict(fitted.content)
    raise FittedCalibrator.DoesNotExist


def _is_whole(manifest: dict[str, Any]) -> bool:
    errors = [entry["errors"] for entry in manifest["shards"]]
    return bool(manifest["calibrator"]["fitted"]) and None not in errors


def _fitted(plan: Plan, inputs: str) -> FittedCalibrator | None:
    """Return the calibrator fitted to these inputs; one of others learned from what is gone."""
    FittedCalibrator.objects.exclude(plan=plan, inputs=inputs).delete()
    return FittedCalibrator.objects.filter(plan=plan, inputs=inputs).first()


def _kind(plan: Plan, served: list[Checkpoint]) -> ReleaseKind:
    whole = [checkpoint for checkpoint in served if checkpoint.slice == plan.slices - 1]
    return ReleaseKind.FULL if len(whole) == plan.shards else ReleaseKind.INTERIM


def _same(release: Release, served: list[Checkpoint]) -> bool:
    return {checkpoint.pk for checkpoint in served} == set(
        release.checkpoints.values_list("pk", flat=True)
    )
