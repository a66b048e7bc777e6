"""Faults that were found in the way from an approval to its certificate, each with its story."""

from contextlib import suppress

import pytest

from compliance.erasure.models import ErasureRequest
from compliance.erasure.services import request_resume
from compliance.jobs.models import Job, Queue
from compliance.provenance.adapters import REPLAY
from compliance.provenance.models import Adapter, Plan
from compliance.provenance.plans import plan_activate
from compliance.provenance.releases import live_release
from tests.exactness.test_rules import PEOPLE
from tests.exactness.world import (
    Killed,
    Shape,
    at_slice,
    build,
    die,
    erase,
    finish,
    pick_up_lost_jobs,
    weights_in_the_store,
    weights_on_record,
    work_on,
)
from workers import training

pytestmark = pytest.mark.usefixtures("world")


@pytest.fixture
def plan(world: None) -> Plan:
    return build(Shape(), PEOPLE)


def test_weights_of_a_stopped_training_are_destroyed(plan: Plan):
    """The second erasure comes when weights that learned from its subject are written already."""
    erase("grace")
    with at_slice(0, lambda: erase("eve"), kept=True):
        work_on(Queue.TRAIN)
    finish()
    assert weights_in_the_store() <= weights_on_record()


def test_weights_of_a_killed_training_are_destroyed(plan: Plan):
    """The worker dies between writing and recording; before the next one somebody is erased."""
    erase("grace")
    with suppress(Killed), at_slice(0, die, kept=True):
        work_on(Queue.TRAIN)
    erase("eve")
    finish()
    assert weights_in_the_store() <= weights_on_record()


def test_a_failed_replay_is_not_made_good_by_resuming(plan: Plan, monkeypatch: pytest.MonkeyPatch):
    """The weights that a replay did not confirm must not be served without a replay of them."""
    request = erase("grace")
    with monkeypatch.context() as patch:
        wrong = training.initial_state

        def other(model, config, shard):
            return wrong(model, config, shard + 100)

        patch.setattr(training, "initial_state", other)
        work_on(Queue.TRAIN)
    work_on(Queue.REPLAY)
    bad = Adapter.objects.get(shard=0, generation=2)
    assert (bad.state, bad.replay) == ("failed", "differs")
    assert ErasureRequest.objects.get(pk=request.pk).state == "failed"
    request_resume(request_id=request.pk, actor="user:1")
    finish()
    assert Adapter.objects.get(shard=0, state="active").digest != bad.digest


def test_every_slice_trained_for_an_erasure_is_replayed(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
):
    """A second erasure, in a later slice, lets the first one's retrained slice stand unreplayed."""
    erase("grace")
    with at_slice(1, lambda: erase("dora")):
        work_on(Queue.TRAIN)
    replayed = []
    real = training.train_slice

    def watched(model, config, shard, slice_, *rest, **more):
        replayed.append(slice_)
        return real(model, config, shard, slice_, *rest, **more)

    pick_up_lost_jobs()
    work_on(Queue.TRAIN)
    with monkeypatch.context() as patch:
        patch.setattr(training, "train_slice", watched)
        work_on(Queue.REPLAY)
    assert Adapter.objects.get(shard=0, state="active").generation == 3
    assert replayed == [0, 1]


def test_an_erasure_before_a_new_plan_is_filled_keeps_the_old_plan_out(plan: Plan):
    """The old plan's places are still there; its adapters must not come back into service."""
    config = plan.config | {"like_threshold": "2.5"}
    new = plan_activate(config=config)
    erase("grace")
    finish()
    release, _ = live_release()
    assert release.plan == new


def test_bits_are_compared_in_like_environments_only(plan: Plan):
    """Other bits on another machine would say nothing, and equal ones were luck."""
    erase("grace")
    work_on(Queue.TRAIN)
    adapter = Adapter.objects.get(shard=0, generation=2)
    here = adapter.environment
    there = here | {"canary": "sha256:" + "0" * 64, "threads": 7}
    Adapter.objects.filter(pk=adapter.pk).update(environment=there)
    work_on(Queue.REPLAY)
    job = Job.objects.get(kind=REPLAY, target=str(adapter.pk))
    assert "canary, threads differ. Nothing was compared." in job.error
    adapter.refresh_from_db()
    assert (adapter.state, adapter.replay) == ("verifying", "not-run")
    Adapter.objects.filter(pk=adapter.pk).update(environment=here)
    finish()
    adapter.refresh_from_db()
    assert (adapter.state, adapter.replay) == ("active", "identical")


def test_slices_of_one_training_come_from_one_environment(plan: Plan):
    """The worker dies after a slice, and another release of the code takes the training up."""
    request = erase("grace")
    with suppress(Killed), at_slice(1, die):
        work_on(Queue.TRAIN)
    begun = Adapter.objects.get(shard=0, generation=2)
    assert begun.checkpoints.clean().count() == 1
    there = begun.environment | {"code": "sha256:" + "0" * 64}
    Adapter.objects.filter(pk=begun.pk).update(environment=there)
    finish()
    anew = Adapter.objects.get(shard=0, state="active")
    assert (anew.generation, anew.first_slice, anew.replay) == (3, 0, "identical")
    assert not begun.checkpoints.clean().exists()
    assert ErasureRequest.objects.get(pk=request.pk).state == "completed"
