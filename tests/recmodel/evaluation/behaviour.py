"""What every method without a language model has to do."""

from copy import copy
from dataclasses import replace

import numpy as np

from recmodel.evaluation.baseline import Baseline
from recmodel.evaluation.data import Split, split_by_time
from recmodel.evaluation.tuning import tuned
from tests.recmodel.evaluation import world


class Behaviour:
    """A mixin: subclasses say what `setting` of a method is tested."""

    def setting(self) -> Baseline:
        raise NotImplementedError

    def fitted(self) -> Baseline:
        return copy(self.setting()).fit(split_by_time(world.records()).known, 2)

    def test_the_same_seed_gives_the_same_scores(self):
        questions = split_by_time(world.records()).questions
        once, again = (self.fitted().answers(questions) for _ in range(2))
        assert once.shape == (sum(len(q.targets) for q in questions),)
        assert np.isfinite(once).all()
        assert (once == again).all()

    def test_a_batch_equals_single_questions(self):
        method = self.fitted()
        questions = split_by_time(world.records()).questions
        single = [
            method.score(question.history, [item])[0]
            for question in questions
            for item in question.items
        ]
        np.testing.assert_allclose(method.answers(questions), single, rtol=0, atol=1e-6)

    def test_the_answers_to_what_is_asked_change_no_score(self):
        outer = split_by_time(world.records())
        np.testing.assert_array_equal(self._asked(outer), self._asked(turned(outer)))

    def test_what_is_learned_changes_the_scores(self):
        outer = split_by_time(world.records())
        known = {
            name: [r._replace(liked=not r.liked) for r in mine]
            for name, mine in outer.known.items()
        }
        assert (self._asked(outer) != self._asked(Split(known, outer.questions))).any()

    def test_unseen_items_and_empty_histories_get_scores(self):
        scores = self.fitted().score((), ["item-0", "never-seen"])
        assert scores.shape == (2,)
        assert np.isfinite(scores).all()

    def test_one_setting_leaves_no_trace_in_another(self):
        setting = self.setting()
        outer = split_by_time(world.records())
        tuned([setting], outer, split_by_time(outer.known))
        assert vars(setting) == vars(self.setting())

    def _asked(self, outer: Split) -> np.ndarray:
        found = tuned([self.setting()], outer, split_by_time(outer.known))
        score = found.method.answers(outer.questions)
        return found.chosen.platt.probability(score)


def turned(outer: Split) -> Split:
    """The same questions with every answer turned round."""
    return Split(
        outer.known,
        tuple(
            replace(q, targets=tuple(r._replace(liked=not r.liked) for r in q.targets))
            for q in outer.questions
        ),
    )
