"""Every method without a language model behaves alike; the toys have known answers."""

import numpy as np
import pytest

from recmodel.evaluation.factors import Factors
from recmodel.evaluation.item_cf import ItemCF
from recmodel.evaluation.methods import SIMPLE
from recmodel.evaluation.sasrec import SASRec
from recmodel.evaluation.semantic import SemanticNeighbours
from recmodel.evaluation.simple import BothRates, HistoryShare, ItemRate, UserRate
from tests.recmodel import cast
from tests.recmodel.evaluation import world
from tests.recmodel.evaluation.behaviour import Behaviour


class TestItemRate(Behaviour):
    def setting(self):
        return ItemRate(2.0)


class TestUserRate(Behaviour):
    def setting(self):
        return UserRate(2.0)


class TestBothRates(Behaviour):
    def setting(self):
        return BothRates(0.4, 2.0)


class TestHistoryShare(Behaviour):
    def setting(self):
        return HistoryShare(5)


class TestFactors(Behaviour):
    def setting(self):
        return Factors(3, seed=1)


class TestItemCF(Behaviour):
    def setting(self):
        return ItemCF(2.0)


class TestSASRec(Behaviour):
    @pytest.fixture(autouse=True)
    def _few_rounds(self, monkeypatch):
        monkeypatch.setattr("recmodel.evaluation.sasrec.ROUNDS", 2)

    def setting(self):
        return SASRec(seed=1)


class TestSemanticNeighbours(Behaviour):
    catalogue = cast.tiny_catalogue()

    def setting(self):
        return SemanticNeighbours(self.catalogue)

    def test_unseen_items_and_empty_histories_get_scores(self):
        # The catalogue names all items there are.
        assert self.fitted().score((), ["item-0", "item-1"]).shape == (2,)


def test_every_method_of_the_table_is_among_those_tested():
    tested = {ItemRate, UserRate, BothRates, HistoryShare, Factors, ItemCF, SASRec}
    made = {type(one) for method in SIMPLE for one in method.settings(cast.tiny_catalogue(), 1)}
    assert made == tested | {SemanticNeighbours}


def test_rates_are_smoothed_by_records_of_the_overall_rate():
    known = world.toy({"alice": "++-", "bob": "+-."})
    overall = (3 + 1) / (5 + 2)
    assert ItemRate(2.0).fit(known).score((), ["item-0", "item-9"]) == pytest.approx(
        [(2 + 2 * overall) / 4, overall]
    )
    assert UserRate(2.0).fit(known).score(known["alice"], ["item-9"]) == pytest.approx(
        [(2 + 2 * overall) / 5]
    )
    assert HistoryShare(2, 1.0).fit(known).score(known["alice"], ["item-9"]) == pytest.approx(
        [(1 + overall) / 3]
    )


# Two kinds of people, two kinds of items: who likes one kind dislikes the other.
CAMPS = {
    f"{kind}-{n}": signs for n in range(6) for kind, signs in (("x", "++++----"), ("y", "----++++"))
}
NEWCOMER = world.toy({"newcomer": "++..-..."})["newcomer"]


@pytest.mark.parametrize(
    "method", [Factors(2, 0.5, seed=3), ItemCF(1.0)], ids=["factors", "item-cf"]
)
def test_who_likes_one_camp_is_told_from_who_likes_the_other(method):
    found = method.fit(world.toy(CAMPS)).score(NEWCOMER, ["item-2", "item-3", "item-5", "item-7"])
    assert (found[:2] > 0.6).all()
    assert (found[2:] < 0.4).all()


def test_without_vectors_only_the_biases_speak():
    known = world.toy({"kind": "++++", "harsh": "--+-"})
    found = Factors(0, bias_ridge=1.0).fit(known)
    kind, harsh = (found.score(known[name], ["item-2", "item-1"]) for name in ("kind", "harsh"))
    assert kind[0] - harsh[0] == pytest.approx(kind[1] - harsh[1])
    assert kind[0] > harsh[0]
    assert kind[0] > kind[1]


def test_biases_solve_the_ridge_regression():
    known = world.toy({"alice": "++-", "bob": "+--", "charlie": ".+-"})
    found = Factors(0, bias_ridge=1.5)
    for _ in found.train(known):
        pass
    rows = [(p, int(r.item[-1]), r.liked) for p, mine in enumerate(known.values()) for r in mine]
    design = np.array([[*np.eye(3)[p], *np.eye(3)[i]] for p, i, _ in rows])
    overall = (4 + 1) / (8 + 2)
    wanted = np.array([liked for *_, liked in rows]) - overall
    exact = np.linalg.solve(design.T @ design + 1.5 * np.eye(6), design.T @ wanted)
    score = found.score(known["alice"], ["item-0", "item-1", "item-2"])
    assert score == pytest.approx(overall + exact[0] + exact[3:], abs=1e-3)


def test_item_cf_without_companions_is_the_biases():
    known = world.toy({"alice": "+.", "bob": ".-"})
    cf, biases = ItemCF(bias_ridge=2.0).fit(known), Factors(0, bias_ridge=2.0).fit(known)
    asked = (known["alice"], ["item-1"])
    assert cf.score(*asked) == pytest.approx(biases.score(*asked))


def test_sasrec_learns_that_moods_last():
    rng = np.random.default_rng(5)
    signs = {
        f"p{n}": "".join("+-"[int(rng.random() < 0.5)] * 8 for _ in range(5)) for n in range(40)
    }
    found = SASRec(dropout=0.0, learning_rate=5e-3, seed=2).fit(world.toy(signs), 20)
    liked, disliked = (world.toy({"x": sign * 12})["x"] for sign in "+-")
    assert found.score(liked, ["item-13"])[0] > found.score(disliked, ["item-13"])[0] + 1


def test_sasrec_reads_no_more_than_its_length():
    found = SASRec(seed=1).fit(world.toy({"a": "+-" * 100, "b": "-+" * 100}), 1)
    long = world.toy({"a": "+-" * 150})["a"]
    assert np.isfinite(found.score(long, ["item-0"])).all()
