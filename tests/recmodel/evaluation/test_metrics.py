import numpy as np
import pytest
from sklearn.metrics import log_loss, ndcg_score, roc_auc_score

from recmodel.evaluation.metrics import Judged, auc, ndcg

RNG = np.random.default_rng(4)
USERS = np.repeat(np.arange(12), RNG.integers(1, 30, 12))
LIKED = RNG.random(len(USERS)) < 0.45
SCORE = np.round(LIKED + RNG.normal(0, 1.2, len(USERS)), 1)  # rounded: there are ties
PROBABILITY = 1 / (1 + np.exp(-SCORE))
JUDGED = Judged(SCORE, PROBABILITY, LIKED, USERS)


def test_figures_are_those_of_scikit_learn():
    found = JUDGED.figures()
    assert found["auc"] == pytest.approx(roc_auc_score(LIKED, SCORE))
    assert found["log_loss"] == pytest.approx(log_loss(LIKED, PROBABILITY))
    each = [
        roc_auc_score(LIKED[u == USERS], SCORE[u == USERS])
        for u in range(12)
        if len(set(LIKED[u == USERS])) == 2
    ]
    assert found["user_auc"] == pytest.approx(np.mean(each))


def test_ndcg_is_that_of_scikit_learn_and_shares_gain_among_ties():
    liked = np.array([True, False, False, True, False] * 4)
    for score in (RNG.normal(size=20), np.repeat([1.0, 2.0], 10), np.zeros(20)):
        wanted = ndcg_score(liked[None].astype(int), score[None], k=10)
        assert ndcg(liked, score) == pytest.approx(wanted)


def test_a_person_drawn_twice_counts_twice():
    weights = np.ones(12)
    weights[3], weights[7] = 2, 0
    rows = np.concatenate([np.flatnonzero(USERS != 7), np.flatnonzero(USERS == 3)])
    assert JUDGED.metric("auc", weights[None])[0] == pytest.approx(
        roc_auc_score(LIKED[rows], SCORE[rows])
    )
    assert JUDGED.metric("log_loss", weights[None])[0] == pytest.approx(
        log_loss(LIKED[rows], PROBABILITY[rows])
    )


def test_people_whose_answers_are_alike_have_no_auc_and_take_no_part_in_its_mean():
    users, liked = np.array([0, 0, 1, 1]), np.array([True, False, True, True])
    found = Judged(np.array([2.0, 1.0, 1.0, 2.0]), np.full(4, 0.5), liked, users).figures()
    assert found["user_auc"] == 1.0
    assert np.isnan(auc(liked[2:], np.zeros(2)))
    assert np.isnan(ndcg(np.zeros(3, bool), np.zeros(3)))
