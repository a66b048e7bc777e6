import numpy as np

from recmodel.evaluation.mixtures import Ensemble, Silent
from recmodel.mixture import Mixture
from recmodel.rates import sigmoid
from tests.recmodel import cast

PROMPTS = cast.prompts("alice", "bob")


def test_an_ensemble_answers_with_the_mean_probability(model, catalogue):
    adapters = {shard: cast.adapter(model, shard) for shard in range(3)}
    each = [Mixture(model, {s: a}).score(PROMPTS, catalogue) for s, a in adapters.items()]
    found = Ensemble(model, adapters).score(PROMPTS, catalogue)
    for place, logits in enumerate(found):
        mean = np.mean([sigmoid(one[place].astype(float)) for one in each], axis=0)
        np.testing.assert_allclose(sigmoid(logits.astype(float)), mean, atol=1e-6)


def test_a_silent_model_says_nothing(model, catalogue):
    found = Silent(model).score(PROMPTS, catalogue)
    assert [len(logits) for logits in found] == [len(prompt.suffixes) for prompt in PROMPTS]
    assert not np.concatenate(found).any()
