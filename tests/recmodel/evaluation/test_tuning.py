import numpy as np
import pytest

from recmodel.evaluation.baseline import Baseline
from recmodel.evaluation.data import split_by_time
from recmodel.evaluation.metrics import auc
from recmodel.evaluation.simple import BothRates
from recmodel.evaluation.tuning import PATIENCE, Platt, best_rounds, tuned
from tests.recmodel.evaluation import world

OUTER = split_by_time(world.records())
INNER = split_by_time(OUTER.known)


class Peaking(Baseline):
    """Knows the answers of INNER, and is best after three rounds."""

    def train(self, known):
        self.rng = np.random.default_rng(1)
        for self.done in range(1, 50):
            yield self.done

    def score(self, history, items):
        liked = {q.history: [r.liked for r in q.targets] for q in INNER.questions}[tuple(history)]
        return np.array(liked) / abs(self.done - 3.1) + self.rng.normal(size=len(items))


def test_the_setting_that_does_best_on_validation_records_is_chosen():
    settings = [BothRates(share, 2.0) for share in (0.0, 0.5, 1.0)]
    reached = [
        auc(INNER.liked, setting.fit(INNER.known).answers(INNER.questions))
        for setting in (BothRates(one.share, 2.0) for one in settings)
    ]
    found = tuned(settings, OUTER, INNER)
    assert found.chosen.setting is settings[int(np.argmax(reached))]
    assert found.chosen.auc == max(reached)


def test_what_is_chosen_learns_everything_anew():
    found = tuned([BothRates(0.5, 2.0)], OUTER, INNER)
    again = BothRates(0.5, 2.0).fit(OUTER.known).answers(OUTER.questions)
    np.testing.assert_array_equal(found.method.answers(OUTER.questions), again)


def test_rounds_end_when_they_do_not_help_any_more():
    setting = Peaking()
    assert best_rounds(setting, INNER).rounds == 3
    assert not vars(setting)
    refitted = Peaking().fit(OUTER.known, 3)
    assert refitted.done == 3
    assert PATIENCE < 40


def test_platt_turns_scores_into_honest_probabilities():
    rng = np.random.default_rng(2)
    score = rng.normal(size=20_000)
    liked = rng.random(20_000) < 1 / (1 + np.exp(-(0.7 * score - 1)))
    found = Platt.of(1000 * score, liked)
    assert found.slope * 1000 == pytest.approx(0.7, abs=0.05)
    assert found.bias == pytest.approx(-1, abs=0.05)


def test_platt_of_answers_that_are_all_alike_is_flat():
    found = Platt.of(np.arange(8.0), np.ones(8, bool)).probability(np.array([-5.0, 5.0]))
    assert found == pytest.approx([0.9, 0.9])
