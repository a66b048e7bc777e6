"""A new plan replaces the old one whole, and never under a request that needs it."""

from pathlib import Path

import pytest
from django.conf import settings

from compliance.erasure.services import request_resume
from compliance.erasure.states import IllegalTransitionError, State
from compliance.provenance.adapters import shard_sync
from compliance.provenance.artefacts import artefact_path
from compliance.provenance.disposal import artefacts_destroy_waste
from compliance.provenance.models import Adapter, Checkpoint, Plan, Prompt
from compliance.provenance.releases import RetiredPlanError, live_release, release_publish
from tests.workers.conftest import train_here, wait_for, worker
from tests.workers.test_erasure import approve, somebody_in, state_of
from workers.building import ErasuresUnderWayError, build
from workers.runner import sweep_lost


def another(plan: Plan) -> dict[str, object]:
    """The plan's content with another partition."""
    return plan.config | {"partition": plan.config["partition"] | {"key": "cd" * 32}}


def files() -> set[str]:
    return {path.name for path in Path(settings.ARTEFACTS_DIR).iterdir()}


def test_the_old_plans_weights_leave_service_at_once_and_the_store_soon(plan: Plan):
    old = set(Checkpoint.objects.values_list("digest", flat=True))
    build(another(plan))
    release, _ = live_release()
    assert release.plan != plan
    assert not release.checkpoints.exists()
    assert not Prompt.objects.filter(plan=plan).exists()
    sweep_lost()
    assert not any(artefact_path(digest).exists() for digest in old)
    train_here()
    assert Adapter.objects.filter(plan=release.plan, state="active").count() == plan.shards


def test_a_request_that_waits_for_an_adapter_keeps_its_plan(plan: Plan):
    request = approve(somebody_in(plan, 0, 0))
    with pytest.raises(ErasuresUnderWayError, match="1 approved erasure requests wait"):
        build(another(plan))
    assert Plan.objects.get(is_active=True) == plan
    assert state_of(request) is State.APPROVED


def test_nothing_of_a_retired_plan_is_trained_or_served(plan: Plan):
    build(another(plan))
    with pytest.raises(RetiredPlanError):
        shard_sync(plan=plan, shard=0, needs_replay=False)
    with pytest.raises(RetiredPlanError):
        release_publish(plan=plan)


def test_only_a_failed_request_can_be_resumed(plan: Plan):
    request = approve(somebody_in(plan, 0, 0))
    with pytest.raises(IllegalTransitionError):
        request_resume(request_id=request.pk, actor="user:1")


def test_weights_that_no_row_knows_are_destroyed(plan: Plan):
    artefacts_destroy_waste()  # of tests before this one
    kept = files()
    orphan = artefact_path("sha256:" + "f" * 64)
    orphan.mkdir()
    draft = orphan.with_name(".a-draft-of-a-killed-worker")
    draft.mkdir()
    assert artefacts_destroy_waste() == 2
    assert files() == kept


def test_a_certificate_leaves_no_weights_behind_that_learned_from_the_records(plan: Plan):
    with worker("train", "default"), worker("replay"):
        request = approve(somebody_in(plan, 1, 0))
        wait_for(lambda: state_of(request) is State.COMPLETED)
    clean = Checkpoint.objects.clean().values_list("digest", flat=True)
    assert files() == {artefact_path(digest).name for digest in clean}
    assert not Checkpoint.objects.filter(quarantined_at=None, adapter__state="superseded").exists()
