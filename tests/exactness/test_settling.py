"""What a settled release rests on: whole errors, and a calibrator fitted to them.

Faults that were found, each with its story.
"""

import pytest
from django.conf import settings

from compliance.erasure.following import CERTIFY
from compliance.erasure.models import ErasureRequest
from compliance.erasure.services import request_resume
from compliance.evidence.models import Certificate
from compliance.jobs.models import Job, JobState, Queue
from compliance.provenance.models import Adapter, Plan, Release
from compliance.provenance.plans import plan_activate
from compliance.provenance.releases import REFIT, is_settled, live_release
from compliance.provenance.state import State
from compliance.recommendations.engine import live_engine
from compliance.records.models import Item, ItemEmbedding
from compliance.records.scope import Scope
from tests.exactness.test_rules import PEOPLE, WITH_VALIDATION, some_records
from tests.exactness.test_rules import Build as Build
from tests.exactness.test_rules import build as build
from tests.exactness.world import (
    ENCODER,
    Shape,
    add_people,
    classify,
    erase,
    finish,
    make_catalogue,
    make_plan,
    moment,
    state_of,
    work_on,
)
from workers import refitting, training
from workers.building import refresh

JUDGED = PEOPLE | {"ada": some_records(9)}  # ada is a validation subject


def settled(found: State) -> State:
    release, _ = live_release()
    assert is_settled(release)
    assert None not in found.errors.values()
    return found


def test_erasing_what_nobody_placed_of_a_validation_subject_keeps_its_errors(build: Build):
    """Broken by placing the rest anew and leaving the errors of it to a refit nobody queued."""
    expected = build(JUDGED, WITH_VALIDATION)
    add_people({"ada": {("fig", 9): "5"}})
    erase("ada", Scope(records=frozenset({("fig", moment(9))})))
    finish()
    assert settled(state_of(Plan.objects.get())) == expected


def test_a_validation_subjects_new_class_keeps_its_errors(build: Build):
    shape = Shape(validation_share=0.3, slice_by=("stays", "leaves"))
    build(JUDGED, shape)
    for erasure_class in ("stays", "leaves"):
        classify("ada", erasure_class)
        refresh(Plan.objects.get())
        finish()
        settled(state_of(Plan.objects.get()))


def test_who_is_placed_while_a_refit_judges_is_judged_too(
    build: Build, monkeypatch: pytest.MonkeyPatch
):
    """Between the errors and the look at what would be served a refresh takes somebody in."""
    expected = build(JUDGED, WITH_VALIDATION)
    build(PEOPLE, WITH_VALIDATION)
    refresh(Plan.objects.get())
    add_people({"ada": {("fig", 9): "5"}})
    refresh(Plan.objects.get())
    real, calls = refitting.errors_fill, iter(range(100))

    def interrupted(work, plan, checkpoints):
        real(work, plan, checkpoints)
        if next(calls) == 0:
            add_people({"ada": JUDGED["ada"]})
            refresh(plan)
            erase("ada", Scope(records=frozenset({("fig", moment(9))})))

    monkeypatch.setattr(refitting, "errors_fill", interrupted)
    work_on(Queue.TRAIN)
    release, _ = live_release()
    if is_settled(release):
        assert all(shard["errors"] for shard in release.manifest["shards"])
    finish()
    assert settled(state_of(Plan.objects.get())) == expected


@pytest.mark.parametrize("strategy", ["attention", "major", "average", "centroid"])
def test_every_strategy_answers_without_an_adapter(build: Build, world: None, strategy: str):
    """Before the first training, and while every shard is out of service."""
    make_catalogue()
    plan = make_plan(Shape(method="semantic", validation_share=0.5, strategy=strategy))
    add_people({f"somebody {number}": some_records(number) for number in range(8)})
    refresh(plan)
    Job.objects.filter(kind="train").update(state=JobState.CANCELLED)
    work_on(Queue.TRAIN)
    assert not Job.objects.exclude(error="").exists(), Job.objects.exclude(error="").get().error
    release, _ = live_release()
    assert is_settled(release)
    engine = live_engine()
    assert engine.recommender.evidence.ids
    assert len(engine.probabilities((), ["fig", "dates"], ())) == 2


def test_a_retired_plans_refit_fails_no_request_of_the_new_one(build: Build):
    build(JUDGED, WITH_VALIDATION)
    old = Plan.objects.get()
    add_people({"ada": {("fig", 9): "5"}})
    refresh(old)
    new = plan_activate(config=old.config | {"like_threshold": "2.5"})
    refresh(new)
    request = erase("ada")
    assert ErasureRequest.objects.get(pk=request.pk).state == "verifying"
    work_on(Queue.TRAIN)
    assert ErasureRequest.objects.get(pk=request.pk).state != "failed"
    finish()
    assert Certificate.objects.filter(request=request).exists()
    assert not Job.objects.filter(kind=REFIT, state=JobState.FAILED).exists()


def ready_to_certify(name: str) -> ErasureRequest:
    """Erase somebody, and do all that comes before the certificate."""
    request = erase(name)
    for queue in (Queue.TRAIN, Queue.REPLAY, Queue.TRAIN):
        work_on(queue)
    assert Job.objects.filter(kind=CERTIFY, target=str(request.pk), state=JobState.QUEUED).exists()
    return request


@pytest.mark.parametrize("next_one", ["eve", "ada"], ids=["the-same-shard", "validation"])
def test_a_certificate_waits_for_what_the_next_erasure_takes_out(build: Build, next_one: str):
    """Broken by one that names a release without a calibrator, or fails till a retraining ends."""
    build(JUDGED, WITH_VALIDATION)
    request = ready_to_certify("grace")
    erase(next_one)
    work_on(Queue.DEFAULT)
    assert not Certificate.objects.exists()
    assert not Job.objects.exclude(error="").exists()
    finish()
    request.refresh_from_db()
    for release in Release.objects.filter(digest=request.release_after):
        assert is_settled(release)
    assert Certificate.objects.count() == 2


def test_a_refresh_after_a_failure_owes_the_erasure_its_replay(
    build: Build, monkeypatch: pytest.MonkeyPatch
):
    """Broken by a next generation that forgets what the failed one was trained for."""
    build()
    request = erase("grace")
    with monkeypatch.context() as patch:
        patch.setattr(settings, "JOB_MAX_ATTEMPTS", 1)
        patch.setattr(training, "train_slice", None)
        work_on(Queue.TRAIN)
    assert ErasureRequest.objects.get(pk=request.pk).state == "failed"
    refresh(Plan.objects.get())
    finish()
    request_resume(request_id=request.pk, actor="user:1")
    finish()
    adapter = Adapter.objects.get(shard=0, state="active")
    assert (adapter.needs_replay, adapter.replay) == (True, "identical")
    assert Certificate.objects.filter(request=request).exists()


@pytest.mark.parametrize("method", ["hash", "semantic"])
def test_a_record_waits_for_its_items_embedding(build: Build, method: str):
    """An import may bring both between a refresh's look at the items and at the records."""
    shape = Shape(method=method)
    expected = build(shape=shape)
    item = Item.objects.create(external_id="new", title="new")
    add_people({"grace": {("new", 9): "5"}})
    refresh(Plan.objects.get())
    finish()
    assert state_of(Plan.objects.get()) == expected
    vector = ItemEmbedding.objects.get(item__external_id="fig").vector
    ItemEmbedding.objects.create(item=item, encoder=ENCODER, text_digest="", vector=vector)
    refresh(Plan.objects.get())
    finish()
    assert state_of(Plan.objects.get()) != expected
