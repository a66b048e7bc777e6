"""What `manage.py train` takes for a new plan."""

import pytest
from django.core.management import CommandError

from recmodel.partition import METHODS
from tests.workers.conftest import make_plan
from workers.management.commands.train import DEFAULTS, _check, _check_nothing_new, _classes


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"slice_by": "eu,,us"}, "Give different classes, separated by commas"),
        ({"slice_by": "eu, eu"}, "Give different classes"),
        ({"slice_by": "x" * 51}, "50 characters at most"),
    ],
    ids=["an-empty-class", "a-class-twice", "a-long-class"],
)
def test_classes_that_cannot_be_are_refused(options, fault):
    with pytest.raises(CommandError, match=fault):
        _check(DEFAULTS | options)


@pytest.mark.parametrize("rating", ["four", "NaN", "sNaN", "Infinity", "-1", "11", ""])
def test_a_threshold_that_is_no_rating_is_refused(rating):
    with pytest.raises(CommandError, match="Give a rating, 0 to 10"):
        _check(DEFAULTS | {"like_above": rating})


def test_classes_go_from_least_to_most_likely():
    _check(DEFAULTS | {"slice_by": "stays, trial ,minor"})
    assert _classes("stays, trial ,minor") == ["stays", "trial", "minor"]
    assert _classes("") == []


def test_the_default_partitioner_is_semantic():
    assert DEFAULTS["partitioner"] == "semantic"
    assert DEFAULTS["partitioner"] in METHODS


@pytest.mark.parametrize(
    ("options", "refused"),
    [
        ({}, None),
        ({"shards": 2}, None),  # what is in force already
        ({"shards": 16}, "--shards 16 is for a new plan, and one is in force with 2"),
        ({"like_above": "4"}, "--like-above 4"),
        ({"partitioner": "balanced-kmeans"}, "add --new-plan"),
        ({"mixture": "major"}, "--mixture major"),
    ],
    ids=["nothing", "the-same", "shards", "threshold", "partitioner", "mixture"],
)
@pytest.mark.django_db
def test_what_only_a_new_plan_can_take_in_is_not_passed_over(options, refused):
    plan = make_plan()
    if refused is None:
        _check_nothing_new(plan, DEFAULTS | options)
        return
    with pytest.raises(CommandError, match=refused):
        _check_nothing_new(plan, DEFAULTS | options)


@pytest.mark.django_db
def test_a_plan_of_another_version_cannot_go_on():
    plan = make_plan()
    plan.config["version"] = 1
    with pytest.raises(CommandError, match="add --new-plan"):
        _check_nothing_new(plan, DEFAULTS)
