"""Many candidates after one history: read once, and every candidate for itself."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recmodel import prefixes, scoring
from recmodel.base import load_base
from recmodel.catalogue import Catalogue
from recmodel.mixture import Mixture
from recmodel.prompts import Prompt, Reaction
from recmodel.training import TrainingConfig
from tests.recmodel import cast

HISTORY = tuple(cast.records("alice", 11))
ITEMS = [f"item-{n}" for n in range(60)]
OMEGA = np.random.default_rng(1).dirichlet(np.ones(3), 60).astype(np.float32)
KINDS = [(scope, form) for scope in ("suffix", "full") for form in ("nd", "d")]
# Bases that the rest runs with: the tests' tiny one and the shipped one.
BASES = ("tiny", "shipped")

drawn = st.lists(st.integers(0, 59), min_size=1, max_size=150)


@pytest.fixture(scope="module")
def bases(model, catalogue):
    shipped, config = load_base(), TrainingConfig()
    return {
        "tiny": (model, catalogue, {k: cast.adapter(model, k) for k in range(3)}),
        "shipped": (
            shipped,
            Catalogue(ITEMS, cast.vectors(384)),
            {k: cast.adapter(shipped, k, config) for k in range(3)},
        ),
    }


@pytest.fixture(scope="module")
def alone(bases):
    """Score the items one by one: alone(base, scope, form) for the n-th item under omega n."""
    known = {}

    def scores(base, scope, form):
        if (base, scope, form) not in known:
            model, catalogue, adapters = bases[base]
            mixture = Mixture(model, adapters, scope, form)
            known[base, scope, form] = (
                mixture,
                catalogue,
                np.concatenate(
                    [
                        mixture.score_candidates(HISTORY, [item], catalogue, OMEGA[n : n + 1])
                        for n, item in enumerate(ITEMS)
                    ]
                ),
            )
        return known[base, scope, form]

    return scores


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize(("scope", "form"), KINDS)
@settings(max_examples=15, deadline=None)
@given(chosen=drawn)
def test_a_candidate_scores_the_same_bits_in_any_company_and_place(
    alone, base, scope, form, chosen
):
    mixture, catalogue, expected = alone(base, scope, form)
    found = mixture.score_candidates(HISTORY, [ITEMS[n] for n in chosen], catalogue, OMEGA[chosen])
    assert found.dtype == np.float32
    assert found.tobytes() == expected[chosen].tobytes()


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize(("scope", "form"), KINDS)
def test_one_omega_for_all_is_that_omega_for_each(alone, base, scope, form):
    mixture, catalogue, expected = alone(base, scope, form)
    for n in (0, 7, 59):
        one = mixture.score_candidates(HISTORY, ITEMS * 3, catalogue, OMEGA[n : n + 1])
        each = mixture.score_candidates(HISTORY, ITEMS * 3, catalogue, OMEGA[[n] * 180])
        assert one.tobytes() == each.tobytes()
        assert one[n] == one[60 + n] == one[120 + n] == expected[n]


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize(("scope", "form"), KINDS)
@pytest.mark.parametrize("size", [0, 1, 8, 11])
def test_it_agrees_with_full_prompts(bases, base, scope, form, size):
    """The stated bound: 1e-5."""
    model, catalogue, adapters = bases[base]
    mixture = Mixture(model, adapters, scope, form)
    found = mixture.score_candidates(HISTORY[:size], ITEMS, catalogue, OMEGA)
    asked = [(Reaction(item, False, ""),) for item in ITEMS]
    prompts = [Prompt("alice", HISTORY[:size], suffixes) for suffixes in asked]
    expected = np.concatenate(mixture.score(prompts, catalogue, OMEGA))
    assert found == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("scope", ["suffix", "full"])
def test_the_history_is_read_once_for_each_omega_that_needs_it(bases, scope, monkeypatch):
    model, catalogue, adapters = bases["tiny"]
    read = []
    for module in (scoring, prefixes):
        real = module.read
        monkeypatch.setattr(module, "read", lambda *a, real=real: read.append(1) or real(*a))
    mixture = Mixture(model, adapters, scope)
    mixture.score_candidates(HISTORY, ITEMS * 5, catalogue, OMEGA[:1])
    assert len(read) == 1
    different = np.repeat(OMEGA[:2], 30, axis=0)
    mixture.score_candidates(HISTORY, ITEMS, catalogue, different)
    assert len(read) == 1 + (2 if scope == "full" else 1)


@pytest.mark.parametrize("n", [1, 64, 65, 150])
def test_every_pass_has_one_shape(bases, monkeypatch, n):
    model, catalogue, adapters = bases["tiny"]
    shapes = []
    real = scoring.score

    def watched(model, batch, gating, past):
        shapes.append((tuple(batch.liked.shape), past.states.shape[2:5:2]))
        return real(model, batch, gating, past)

    monkeypatch.setattr(scoring, "score", watched)
    Mixture(model, adapters).score_candidates(HISTORY, (ITEMS * 3)[:n], catalogue)
    assert shapes == [((1, scoring.CANDIDATES), (1, 16))] * -(-n // scoring.CANDIDATES)


def test_none_weighs_all_alike_and_no_adapter_is_the_base(bases):
    model, catalogue, adapters = bases["tiny"]
    mixture = Mixture(model, adapters)
    third = np.full((1, 3), 1 / 3, np.float32)
    one = mixture.score_candidates(HISTORY, ITEMS, catalogue)
    assert one.tobytes() == mixture.score_candidates(HISTORY, ITEMS, catalogue, third).tobytes()
    base = Mixture(model, {}).score_candidates(HISTORY, ITEMS, catalogue)
    none = mixture.score_candidates(HISTORY, ITEMS, catalogue, np.zeros((1, 3), np.float32))
    assert (base == none).all()
    assert (base != one).all()


def test_no_candidates_give_no_logits(bases):
    model, catalogue, adapters = bases["tiny"]
    found = Mixture(model, adapters).score_candidates(HISTORY, [], catalogue)
    assert found.shape == (0,)
    assert found.dtype == np.float32


@pytest.mark.parametrize(
    "omega",
    [cast.one_hot(2, 3, 0), cast.one_hot(1, 2, 0), np.ones(3)],
    ids=["rows", "columns", "flat"],
)
def test_an_omega_of_another_shape_is_an_error(bases, omega):
    model, catalogue, adapters = bases["tiny"]
    with pytest.raises(ValueError, match="omega has"):
        Mixture(model, adapters).score_candidates(HISTORY, ITEMS, catalogue, omega)
