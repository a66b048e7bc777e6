"""What the doctor says of plan and calibrator, on a tiny installation."""

import pytest

from compliance.jobs.models import Job
from compliance.provenance.models import Plan
from tests.exactness.test_rules import PEOPLE
from tests.exactness.world import Shape, build, erase, finish
from workers.doctor import Finding, Ill, _calibrator, _finding, _plan

pytestmark = pytest.mark.usefixtures("world")


def test_before_a_plan_there_is_nothing_to_say():
    assert _plan() == "there is none yet"
    assert _calibrator() == "nothing has been released yet"


def test_a_plan_of_another_version_is_told_with_a_remedy():
    plan = build(Shape(), PEOPLE)
    assert "2 shards of 2 slices" in _plan()
    Plan.objects.filter(pk=plan.pk).update(config=plan.config | {"version": 1})
    finding = _finding("Plan", _plan)
    assert not finding.healthy
    assert "--new-plan" in finding.remedy


def test_a_calibrator_that_nobody_fits_is_told():
    build(Shape(), PEOPLE)
    assert _calibrator() == "fitted to the release"
    erase("dora")
    assert "a job fits" in _calibrator()
    refit = Job.objects.filter(kind="refit", state="queued")
    (waiting,) = refit
    refit.update(state="failed")
    with pytest.raises(Ill, match="no job fits"):
        _calibrator()
    assert isinstance(_finding("Calibrator", _calibrator), Finding)
    Job.objects.filter(pk=waiting.pk).update(state="queued")
    finish()
    assert _calibrator() == "fitted to the release"
