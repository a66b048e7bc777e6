"""Errors and calibrators on the way from an approval to a release that has none of it."""

import numpy as np
import pytest
from django.conf import settings
from django.db import transaction

from compliance.erasure.services import request_resume
from compliance.jobs.models import Queue
from compliance.provenance.models import Checkpoint, ErrorRow, Plan, Release
from compliance.provenance.releases import is_settled, live_release
from compliance.provenance.validation import errors_store, validation_subjects
from compliance.recommendations import engine
from compliance.recommendations.errors import IncompleteReleaseError
from recmodel.calibrator import Calibrator
from recmodel.recommender import Recommender
from tests.exactness.test_rules import PEOPLE, WITH_VALIDATION, some_records, without
from tests.exactness.world import (
    Emptier,
    Shape,
    add_people,
    build,
    erase,
    finish,
    make_catalogue,
    make_plan,
    state_of,
    work_on,
)
from workers import refitting
from workers.building import refresh

pytestmark = pytest.mark.usefixtures("world")


@pytest.fixture
def plan(world: None) -> Plan:
    return build(Shape(), PEOPLE)


def test_a_calibrator_fitted_meanwhile_to_what_was_erased_is_dropped(
    world: None, emptier: Emptier, monkeypatch: pytest.MonkeyPatch
):
    """The approval comes between the fit and the publication: the fit must begin again."""
    people = PEOPLE | {"ada": some_records(3)}
    build(WITH_VALIDATION, without("dora", "frank") | {"ada": some_records(3)})
    expected = state_of(Plan.objects.get())
    emptier.empty()
    build(WITH_VALIDATION, people)
    real, fitted = Recommender.refitted, []

    def slow(self: Recommender, *args: object) -> Calibrator:
        fitted.append(real(self, *args))
        if len(fitted) == 1:
            erase("dora")
        return fitted[-1]

    monkeypatch.setattr(Recommender, "refitted", slow)
    erase("frank")
    finish()
    assert len(fitted) > 1
    assert fitted[0] != fitted[-1]
    assert state_of(Plan.objects.get()) == expected


def test_errors_found_on_prompts_that_are_gone_are_not_kept(world: None):
    """A refresh places the person anew between the judging and the storing."""
    plan = build(WITH_VALIDATION, PEOPLE | {"ada": some_records(3)})
    (ada,) = validation_subjects(plan)
    weights = ErrorRow.objects.first().weights
    known = bytes(ErrorRow.objects.get(weights=weights).errors)
    add_people({"ada": {("fig", 9): "1"}})
    refresh(plan)
    assert not ErrorRow.objects.exists()
    with transaction.atomic():
        errors_store(plan, weights, [(ada, np.frombuffer(known, "<i4"))])
    assert not ErrorRow.objects.exists()
    (anew,) = validation_subjects(plan)
    with transaction.atomic():
        errors_store(plan, weights, [(anew, np.frombuffer(known, "<i4"))])
    assert ErrorRow.objects.count() == 1


def test_weights_out_of_service_get_no_errors(world: None):
    """The approval comes between the judging and the storing."""
    plan = build(WITH_VALIDATION, PEOPLE | {"ada": some_records(3)})
    people = validation_subjects(plan)
    last = Checkpoint.objects.get(adapter__shard=0, adapter__state="active", slice=1)
    ErrorRow.objects.filter(weights=last.digest).delete()
    erase("dora")
    with transaction.atomic():
        errors_store(plan, last.digest, [(people[0], np.zeros(2, np.int32))])
    assert not ErrorRow.objects.filter(weights=last.digest).exists()


def test_a_failed_fit_fails_the_requests_that_wait_and_can_be_resumed(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(settings, "JOB_MAX_ATTEMPTS", 1)
    with monkeypatch.context() as patch:

        def broken(*_: object) -> Calibrator:
            raise RuntimeError("no calibrator today")

        patch.setattr(Recommender, "refitted", broken)
        request = erase("grace")
        work_on(Queue.TRAIN)
        work_on(Queue.REPLAY)
        work_on(Queue.TRAIN)
    request.refresh_from_db()
    assert request.state == "failed"
    request_resume(request_id=request.pk, actor="user:1")
    finish()
    request.refresh_from_db()
    assert request.state == "completed"
    release, _ = live_release()
    assert is_settled(release)


def test_a_fit_waits_for_the_errors_on_everybody(
    world: None, emptier: Emptier, monkeypatch: pytest.MonkeyPatch
):
    """A refresh brings another validation subject when all errors have just been found."""
    people = PEOPLE | {"ada": some_records(3), "hugo": some_records(4)}
    plan = build(WITH_VALIDATION, people)
    assert len(validation_subjects(plan)) == 2
    expected = state_of(plan)
    emptier.empty()
    plan = make_plan(WITH_VALIDATION)
    make_catalogue()
    add_people({name: people[name] for name in people if name != "hugo"})
    refresh(plan)
    real, filled = refitting.errors_fill, []

    def then_somebody_comes(*args: object) -> None:
        real(*args)
        if args[2] and not filled:
            filled.append(args)
            add_people({"hugo": people["hugo"]})
            refresh(plan)

    monkeypatch.setattr(refitting, "errors_fill", then_somebody_comes)
    finish()
    assert filled
    assert state_of(plan) == expected


def test_a_certificate_names_a_release_that_the_same_records_always_give(plan: Plan):
    """Broken by a certificate that is issued as soon as the adapters serve."""
    request = erase("grace")
    finish()
    request.refresh_from_db()
    assert is_settled(Release.objects.get(digest=request.release_after))


def test_errors_that_are_not_those_released_are_not_served_by(world: None):
    build(WITH_VALIDATION, PEOPLE | {"ada": some_records(3)})
    engine.live_engine()
    row = ErrorRow.objects.order_by("pk").last()
    row.errors = bytes(len(row.errors))
    row.save()
    engine._current = None
    with pytest.raises(IncompleteReleaseError, match="not those released"):
        engine.live_engine()
    ErrorRow.objects.all().delete()
    refresh(Plan.objects.get())
    finish()
    engine.live_engine()
