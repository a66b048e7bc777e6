"""The text front end through the same scoring: three families, several tokens a suffix."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from recmodel.gate import Gating
from recmodel.lora import attach
from recmodel.mixture import Mixture
from recmodel.prefixes import PrefixCache, read
from recmodel.prompts import Prompt
from recmodel.scoring import collate, score, score_candidates, score_prompts
from recmodel.text import TooLongError
from recmodel.training import initial_state
from tests.recmodel import cast, text_cast

PROMPTS = cast.prompts("alice", "bob", "charlie")
ALICE = PROMPTS[2]
CATALOGUE = text_cast.catalogue()


@pytest.fixture(scope="module", params=text_cast.FAMILIES)
def family(request):
    return request.param


@pytest.fixture(scope="module")
def model(family):
    return text_cast.text_model(family)


@pytest.fixture(scope="module")
def adapters(model, family):
    return {k: cast.adapter(model, k, text_cast.training(family)) for k in range(3)}


def _plain(model, prompt) -> list[float]:
    """The model's own logits, one text a target, by nothing of ours but the tokens."""
    found = []
    for target in prompt.suffixes:
        ids = model.wording.history(prompt.prefix, CATALOGUE)
        ids += model.wording.question(target.item, CATALOGUE)
        logits = model.lm(input_ids=torch.tensor([ids]), use_cache=False).logits[0, -1]
        found.append((logits[model.wording.yes] - logits[model.wording.no]).item())
    return found


def test_each_family_packs(model):
    assert model.packs


def test_packed_equals_the_models_own_logits(model):
    (packed,) = score_prompts(model, [ALICE], CATALOGUE)
    assert packed == pytest.approx(_plain(model, ALICE), abs=2e-5)
    assert np.ptp(packed) > 0.05  # the question counts


def test_no_suffix_sees_another(model):
    others = tuple(r._replace(item=f"item-{n}") for n, r in enumerate(ALICE.suffixes[1:]))
    changed = replace(ALICE, suffixes=(ALICE.suffixes[0], *others))
    (one,), (other,) = (score_prompts(model, [p], CATALOGUE) for p in (ALICE, changed))
    assert one[0] == other[0]
    assert (one[1:] != other[1:]).all()


def test_no_target_sees_its_own_answer(model):
    turned = replace(ALICE, suffixes=tuple(r._replace(liked=not r.liked) for r in ALICE.suffixes))
    (one,), (other,) = (score_prompts(model, [p], CATALOGUE) for p in (ALICE, turned))
    assert (one == other).all()


def test_what_was_liked_and_its_order_count(model):
    first, *rest = ALICE.prefix
    turned = replace(ALICE, prefix=(first._replace(liked=not first.liked), *rest))
    moved = replace(ALICE, prefix=(*rest, first))
    one, two, three = score_prompts(model, [ALICE, turned, moved], CATALOGUE)
    assert (one != two).all()
    assert (one != three).all()


@pytest.mark.parametrize("gated", [False, True])
def test_a_prompt_scores_the_same_bits_in_any_company(model, adapters, gated):
    adapted = attach(model, adapters[1])
    rows = [Gating(torch.rand(1, 4)) for _ in PROMPTS] if gated else None
    together = score_prompts(adapted, PROMPTS, CATALOGUE, rows)
    for place, prompt in enumerate(PROMPTS):
        (alone,) = score_prompts(adapted, [prompt], CATALOGUE, rows and [rows[place]])
        assert alone.tobytes() == together[place].tobytes()


@pytest.mark.parametrize("scope", ["suffix", "full"])
def test_one_suffix_a_row_gives_the_same_logits(model, adapters, scope):
    adapted = attach(model, adapters[2])
    gating = Gating(torch.rand(3, 4), scope)
    batch = collate(PROMPTS[:3], CATALOGUE)
    packed = score(adapted, batch, gating)
    adapted.packs = False
    alone = score(adapted, batch, gating)
    assert torch.allclose(packed[batch.real], alone[batch.real], atol=5e-5)
    assert not torch.allclose(alone[batch.real], score(model, batch)[batch.real], atol=1e-2)


@pytest.mark.parametrize("scope", ["suffix", "full"])
@pytest.mark.parametrize("packs", [True, False])
def test_candidates_and_mixture_agree_with_prompts(model, adapters, scope, packs, monkeypatch):
    monkeypatch.setattr(model, "packs", packs)
    mixture = Mixture(model, adapters, scope)
    items = [reaction.item for reaction in ALICE.suffixes]
    omega = np.array([[0.5, 0.2, 0.3]], np.float32)
    (whole,) = mixture.score([ALICE], CATALOGUE, omega)
    asked = mixture.score_candidates(ALICE.prefix, items, CATALOGUE, omega)
    each = mixture.score_candidates(
        ALICE.prefix, items, CATALOGUE, omega.repeat(len(items), axis=0)
    )
    assert asked == pytest.approx(whole, abs=2e-5)
    assert asked.tobytes() == each.tobytes()


def test_a_candidate_scores_the_same_bits_whatever_else_is_asked(model):
    items = CATALOGUE.ids[:30]
    together = score_candidates(model, ALICE.prefix, items, CATALOGUE)
    for place in (0, 7, 29):
        alone = score_candidates(model, ALICE.prefix, [items[place]], CATALOGUE)
        assert alone.tobytes() == together[place : place + 1].tobytes()
    turned = score_candidates(model, ALICE.prefix, items[::-1], CATALOGUE)
    assert turned[::-1].tobytes() == together.tobytes()


def test_an_empty_history_and_a_prompt_without_targets_are_answered(model):
    new, none = score_prompts(
        model, [Prompt("new", (), ALICE.suffixes), replace(ALICE, suffixes=())], CATALOGUE
    )
    assert np.isfinite(new).all()
    assert none.shape == (0,)


def test_prefixes_kept_are_the_bits_of_prefixes_read(model):
    cache = PrefixCache(model, CATALOGUE)
    before = cache.past(PROMPTS).states
    assert torch.equal(cache.past(PROMPTS).states, before)
    assert torch.equal(PrefixCache(model, CATALOGUE, max_bytes=1).past(PROMPTS).states, before)
    beside = read(model, [p.prefix for p in PROMPTS], None, CATALOGUE)
    for row, size in enumerate(beside.sizes):
        one, other = (states[:, :, row, :, :size] for states in (before, beside.states))
        assert torch.allclose(one, other, atol=2e-5)


def test_the_digest_follows_weights_template_and_shape(family, model):
    assert text_cast.text_model(family).digest == model.digest
    changed = text_cast.text_model(family)
    next(changed.parameters()).view(-1)[0] += 1
    other = text_cast.text_model(family)
    other.lm.config.rope_theta = 5.0
    assert len({model.digest, changed.digest, other.digest}) == 3


def test_adapters_share_the_bases_weights(model, family):
    state = initial_state(model, text_cast.training(family), 0)
    assert attach(model, state).shares_base(model)
    assert not text_cast.text_model(family).shares_base(model)


def test_unknown_layers_are_named(model):
    config = text_cast.training("llama", target_modules=["lm_head"])
    with pytest.raises(ValueError, match=r"must name linear layers: .*(q_proj|query_key_value)"):
        initial_state(model, config, 0)


def test_a_history_that_the_base_cannot_read_is_refused(model, monkeypatch):
    monkeypatch.setattr(model.lm.config, "max_position_embeddings", 80)
    with pytest.raises(TooLongError, match="choose a smaller history_size"):
        score_prompts(model, [ALICE], CATALOGUE)
