import numpy as np
import pytest

from recmodel.evaluation.bootstrap import Draws, Sampled
from recmodel.evaluation.metrics import Judged

RNG = np.random.default_rng(8)
USERS = np.repeat(np.arange(80), 12)
LIKED = RNG.random(len(USERS)) < 0.5


def judged(strength: float, noise: int) -> Judged:
    rng = np.random.default_rng(noise)
    score = strength * LIKED + rng.normal(size=len(LIKED))
    return Judged(score, 1 / (1 + np.exp(-score)), LIKED, USERS)


def test_an_interval_holds_the_figure_and_narrows_with_people():
    found = Sampled.of([judged(1.0, 1)], Draws.of(80, 1)).figure("auc")
    assert found.low < found.value < found.high
    # The standard error of an AUC of .76 over 960 rows is about .015.
    assert found.high - found.low == pytest.approx(4 * 0.015, rel=0.4)


def test_a_method_does_not_differ_from_itself():
    draws = Draws.of(80, 1)
    one = Sampled.of([judged(1.0, 1)], draws)
    again = Sampled.of([judged(1.0, 1)], draws).minus(one, "auc")
    assert (again.value, again.low, again.high) == (0.0, 0.0, 0.0)


def test_a_paired_difference_is_surer_than_its_sides():
    draws = Draws.of(80, 1)
    score = judged(1.0, 1).score
    near = Judged(score + 0.2 * LIKED, judged(1.0, 1).probability, LIKED, USERS)
    one, other = Sampled.of([near], draws), Sampled.of([judged(1.0, 1)], draws)
    difference = one.minus(other, "auc")
    assert difference.low > 0
    side = one.figure("auc")
    assert difference.high - difference.low < (side.high - side.low) / 3


def test_seeds_that_disagree_widen_the_interval():
    three = [judged(strength, 1) for strength in (0.2, 1.0, 1.8)]
    draws = Draws.of(80, 3)
    spread, same = Sampled.of(three, draws), Sampled.of([three[1]] * 3, draws)
    assert spread.figure("auc").value == pytest.approx(
        np.mean([one.figures()["auc"] for one in three])
    )
    wide, narrow = spread.figure("auc"), same.figure("auc")
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)


def test_what_knows_no_chance_stands_for_all_seeds():
    draws = Draws.of(80, 3)
    once, thrice = (Sampled.of([judged(1.0, 1)] * n, draws) for n in (1, 3))
    for metric in ("auc", "ndcg"):
        assert thrice.samples[metric] == pytest.approx(once.samples[metric])
