from argparse import ArgumentParser
from decimal import Decimal

import pytest

from recmodel.evaluation.ablations import ABLATIONS, ablation
from recmodel.evaluation.methods import methods
from recmodel.evaluation.options import (
    EvaluationError,
    Options,
    add_options,
    command_line,
    read_options,
    read_threshold,
)


def given(*words: str) -> dict[str, object]:
    parser = ArgumentParser()
    add_options(parser)
    return vars(parser.parse_args(words))


def test_without_options_everything_is_asked_once():
    options = read_options(given())
    assert options == Options()
    assert [method.name for method in options.chosen()] == [m.name for m in methods((8, 32))]
    assert command_line(options) == ""


def test_options_are_read_and_written_back():
    words = (
        "--seeds 3 --shards 4,16 --methods sasrec,ours-16 --ablate scope,slices --most-targets 9"
    )
    options = read_options(given(*words.split()))
    assert options == Options(3, (4, 16), ("sasrec", "ours-16"), ("scope", "slices"), 9)
    assert [method.name for method in options.chosen()] == ["sasrec", "ours-16"]
    assert command_line(options) == words


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ("--seeds 0", "--seeds is 0: give 1 to 100"),
        ("--shards 8,x", "--shards is '8,x': give different whole numbers"),
        ("--shards 8,8", "--shards is '8,8'"),
        ("--shards 0", "--shards is '0'"),
        ("--methods sasrec,bert", "--methods names 'bert': give some of item-rate, user-rate"),
        ("--methods ours-4", "--methods names 'ours-4'"),
        ("--ablate tau", "--ablate names 'tau': give some of shards, slices"),
        ("--most-targets 0", "--most-targets is 0: give at least 1"),
        ("--out results.html", "name a .md"),
        ("--json nowhere/all.json", "--json is 'nowhere/all.json': name a file in a folder"),
        ("--json .", "--json is '.': name a file"),
    ],
)
def test_what_cannot_be_is_refused_with_a_remedy(words, fault):
    with pytest.raises(EvaluationError, match=fault):
        read_options(given(*words.split()))


@pytest.mark.parametrize("text", ["four", "NaN", "-1", "11", ""])
def test_a_threshold_that_is_no_rating_is_refused(text):
    with pytest.raises(EvaluationError, match="give a rating, 0 to 10"):
        read_threshold(text)
    assert read_threshold("3.5") == Decimal("3.5")


@pytest.mark.parametrize("name", ABLATIONS)
def test_every_ablation_varies_the_default_and_holds_it(name):
    variants = [one.adapters for one in ablation(name, 8)]
    assert len(set(variants)) == len(variants) > 1
    default = next(m for m in methods((8,)) if m.name == "ours-8")
    assert default.adapters in variants
