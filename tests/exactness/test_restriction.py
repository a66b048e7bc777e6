"""A restricted subject takes no part in what is trained and judged from then on, and never did."""

import pytest
from django.conf import settings

from compliance.erasure.services import request_resume
from compliance.jobs.models import Queue
from compliance.provenance import placement
from compliance.provenance.models import Adapter, Checkpoint, ErrorRow, Plan
from compliance.provenance.releases import served_checkpoints
from compliance.provenance.state import state
from compliance.records.models import Interaction
from tests.exactness.test_moves import told
from tests.exactness.test_rules import PEOPLE, PLAIN, WITH_VALIDATION, some_records, without
from tests.exactness.test_rules import Build as Build
from tests.exactness.test_rules import build as build
from tests.exactness.world import (
    Shape,
    add_people,
    erase,
    finish,
    lift,
    restrict,
    shards_of,
    state_of,
    work_on,
)
from workers import training
from workers.building import refresh

JUDGED = PEOPLE | {"ada": some_records(9)}  # ada is a validation subject


def refreshed() -> Plan:
    plan = Plan.objects.get()
    refresh(plan)
    return plan


def test_a_refresh_forgets_who_is_restricted(build: Build):
    """Broken by leaving places, prompts, leaves or weights of a restricted subject."""
    expected = build(without("dora"))
    build()
    learned = list(Checkpoint.objects.filter(adapter__shard=0, slice=1))
    restrict("dora")
    plan = refreshed()
    assert not set(served_checkpoints(plan)) & set(learned)
    finish()
    assert state_of(plan) == expected


def test_a_refresh_takes_in_nobody_who_is_restricted(build: Build):
    """Broken by placing a restricted subject's records with those of the others."""
    expected = build(without("dora"))
    build(without("dora", "judy"))
    add_people({"dora": PEOPLE["dora"], "judy": PEOPLE["judy"]})
    restrict("dora")
    plan = refreshed()
    finish()
    assert state_of(plan) == expected


@pytest.mark.parametrize("shape", [PLAIN, Shape(method="semantic")], ids=["hash", "semantic"])
def test_lifted_the_next_refresh_is_as_if_never_restricted(build: Build, shape: Shape):
    """Broken by a restriction that leaves a trace, or loses what came in meanwhile."""
    expected = build(shape=shape)
    late = next(iter(PEOPLE["dora"]))
    build(without("dora") | {"dora": {late: PEOPLE["dora"][late]}}, shape)
    request_id = restrict("dora")
    add_people({"dora": PEOPLE["dora"]})
    assert Interaction.objects.filter(subject__external_id="dora").count() == 1
    refreshed()
    finish()
    lift(request_id)
    plan = refreshed()
    finish()
    assert state_of(plan) == expected


def test_a_restricted_validation_subject_judges_nobody(build: Build):
    """Broken by errors, or a calibrator, of who is restricted."""
    expected = build(PEOPLE, WITH_VALIDATION)
    build(JUDGED, WITH_VALIDATION)
    restrict("ada")
    plan = refreshed()
    finish()
    assert not ErrorRow.objects.exists()
    assert state_of(plan) == expected


def test_who_is_restricted_while_a_refresh_places_is_let_go(
    build: Build, monkeypatch: pytest.MonkeyPatch
):
    """Broken by asking who is restricted at the start of a refresh alone."""
    expected = build(without("dora", "eve"))
    build(without("dora"))
    add_people({"dora": PEOPLE["dora"]})
    placing = placement._place

    def meanwhile(*args: object) -> None:
        placing(*args)  # type: ignore[arg-type]
        restrict("dora")  # it had no place before
        restrict("eve")  # it had

    with monkeypatch.context() as patch:
        patch.setattr(placement, "_place", meanwhile)
        plan = refreshed()
    finish()
    assert state_of(plan) == expected
    newest = Adapter.objects.filter(shard=0).latest("generation")
    assert newest.records_withdrawn == len(PEOPLE["eve"])


def test_an_erasure_trains_its_shard_without_the_restricted(build: Build):
    """Broken by a retraining that learns once more from who is restricted."""
    expected = build(without("dora", "eve"))
    build()
    restrict("eve")  # of slice 0; dora is of slice 1 of the same shard
    request = erase("dora")
    assert request.touched.get().first_slice == 0
    assert shards_of("eve") == set()
    finish()
    assert state_of(Plan.objects.get()) == expected
    [shard] = told(request)["model"]["shards"]
    assert shard["withdrawn"] == len(PEOPLE["eve"])


def test_an_erasure_leaves_the_restricted_of_other_shards_to_the_refresh(build: Build):
    """Broken by an erasure that retrains shards that it does not touch."""
    expected = build(without("dora"))
    build()
    restrict("frank")
    erase("dora")
    assert shards_of("frank") == {1}
    finish()
    assert state_of(Plan.objects.get()) == expected


@pytest.mark.parametrize("erased", ["dora", "nobody"])
def test_an_erasure_is_judged_without_the_restricted(build: Build, erased: str):
    """Broken by judging anew, after an erasure, on who is restricted."""
    expected = build({**without(erased)}, WITH_VALIDATION)
    build(JUDGED, WITH_VALIDATION)
    restrict("ada")
    erase(erased)
    finish()
    assert shards_of("ada") == set()
    assert state_of(Plan.objects.get()) == expected


def test_a_resumed_erasure_is_trained_without_who_was_restricted_meanwhile(
    build: Build, monkeypatch: pytest.MonkeyPatch
):
    """Broken by resuming with the records of the day of the approval."""
    expected = build(without("dora", "eve"))
    build()
    request = erase("dora")
    with monkeypatch.context() as patch:
        patch.setattr(settings, "JOB_MAX_ATTEMPTS", 1)
        patch.setattr(training, "train_slice", None)
        work_on(Queue.TRAIN)
    restrict("eve")
    request_resume(request_id=request.pk, actor="user:1")
    finish()
    assert state(Plan.objects.get()) == expected  # a failed job stays on record
