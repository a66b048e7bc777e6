"""What `manage.py train` takes for a new plan."""

import pytest
from django.core.management import CommandError

from recmodel.partition import METHODS
from workers.management.commands.train import DEFAULTS, _check, _classes


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
