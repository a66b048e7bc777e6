import numpy as np
import pytest

from recmodel.attention import Attention
from recmodel.calibrator import SCORES
from recmodel.evaluation.adapters import MODEL, Adapters, served
from recmodel.evaluation.methods import PAPER
from recmodel.evaluation.workshop import Sharding, Workshop
from tests.recmodel import cast
from tests.recmodel.evaluation import world

TWO = Sharding(shards=2, slices=2)
METHODS = {
    "base": Adapters(None),
    "own stack": Adapters(None, answer="silent"),
    "ours": Adapters(TWO),
    "centroid": Adapters(TWO, Attention("centroid")),
    "sisa": Adapters(Sharding("hash", 2, 2), answer="ensemble"),
    "apa": Adapters(Sharding("balanced-kmeans", 2, 2), PAPER, "d"),
}


def test_people_put_aside_judge_and_teach_nothing(shop):
    judges = {person.subject for person in shop.judges}
    taught = shop.train(TWO).taught
    assert judges | taught.keys() == shop.split.known.keys()
    assert not judges & taught.keys()


def test_what_is_asked_is_in_no_prompt(shop):
    asked = {(q.subject, r) for q in shop.split.questions for r in q.targets}
    for name in shop.split.known:
        read = {(name, r) for p in shop.prompts(name) for r in (*p.prefix, *p.suffixes)}
        assert not read & asked


def test_a_long_question_is_cut_into_prompts_with_the_same_history(shop, priors, monkeypatch):
    monkeypatch.setattr("recmodel.evaluation.workshop.MOST_TARGETS", 2)
    cut = Workshop(world.data_set(), priors, 2, cast.CONFIG)
    for person, whole in zip(cut.tested, shop.tested, strict=True):
        assert len(person.prompts) > 1
        assert {p.prefix for p in person.prompts} == {whole.prompts[0].prefix}
        assert sum((p.suffixes for p in person.prompts), ()) == whole.prompts[0].suffixes
    who = Adapters(None).recommender(shop)
    rows = [who.validation_rows(one.tested) for one in (cut, shop)]
    np.testing.assert_allclose(rows[0], rows[1], atol=1e-5)


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_every_method_answers_each_question_alike_whatever_the_answers(shop, turned_shop, method):
    found = served(method, shop)
    assert found.probability.shape == shop.split.liked.shape
    assert ((found.probability > 0) & (found.probability < 1)).all()
    assert (turned_shop.split.liked != shop.split.liked).all()
    np.testing.assert_array_equal(found.probability, served(method, turned_shop).probability)


def test_without_the_model_its_column_has_no_weight(shop):
    who = METHODS["own stack"].recommender(shop)
    fitted = who.refitted(shop.judges)
    assert fitted.weights[MODEL] == 0.0
    assert sum(weight != 0 for weight in fitted.weights) >= len(SCORES) - 2
    assert served(METHODS["own stack"], shop).alone is None


def test_another_seed_gives_other_adapters_and_another_tenth(shop, priors):
    other = Workshop(world.data_set(), priors, 5, cast.CONFIG)
    assert {p.subject for p in other.judges} != {p.subject for p in shop.judges}
    one, two = (served(Adapters(TWO), each).alone for each in (shop, other))
    assert (one != two).any()


def test_adapters_are_trained_once_for_all_who_share_them(shop):
    assert shop.train(TWO) is shop.train(Sharding(shards=2, slices=2))


def test_an_erasure_costs_the_slices_from_the_persons_on(shop):
    trained = shop.train(TWO)
    every = [trained.slices[k, 0] + trained.slices[k, 1] + trained.judging[k] for k in range(2)]
    assert 0 < trained.erasure < max(every)
    whole = shop.train(Sharding("hash", 1, 1))
    assert whole.erasure == pytest.approx(whole.training - whole.partition)


def test_a_share_of_the_people_teaches_less(shop):
    few = shop.train(Sharding(shards=2, slices=2, share=0.4)).taught
    assert 0 < len(few) < len(shop.train(TWO).taught)
