from dataclasses import replace

import numpy as np
import pytest
import torch

from recmodel import scoring
from recmodel.base import ASKED, NO, YES, told_of
from recmodel.catalogue import UnknownItem
from recmodel.gate import Gating
from recmodel.lora import attach
from recmodel.prompts import Prompt, Reaction
from recmodel.rates import Counts, told
from recmodel.scoring import collate, score, score_prompts
from tests.recmodel import cast

ALICE = cast.prompts("alice")[-1]
MANY = cast.prompts("alice", "bob", "charlie", "dora")


def _unpacked(model, prompt, catalogue) -> list[float]:
    """One plain causal sequence a target: prefix, then the question."""
    logits = []
    for target in prompt.suffixes:
        asked = (*prompt.prefix, target)
        items = torch.from_numpy(catalogue.centred(r.item for r in asked))[None]
        reactions = [*(YES if r.liked else NO for r in prompt.prefix), ASKED]
        tokens = model.embed(items, told_of([asked], len(asked)), torch.tensor([reactions]))
        hidden = model.lm.model(inputs_embeds=tokens, use_cache=False).last_hidden_state
        logits.append(model.answer(hidden[0, -1]).item())
    return logits


def test_packed_equals_unpacked(model, catalogue):
    others = Counts.of_records(r for p in MANY for r in (*p.prefix, *p.suffixes))
    prompts = [ALICE, told([MANY])[0][0], replace(ALICE, suffixes=others.tell(ALICE.suffixes))]
    for prompt, packed in zip(prompts, score_prompts(model, prompts, catalogue), strict=True):
        assert packed == pytest.approx(_unpacked(model, prompt, catalogue), abs=1e-5)


def test_no_suffix_sees_another(model, catalogue):
    others = tuple(r._replace(item=f"item-{n}") for n, r in enumerate(ALICE.suffixes[1:]))
    changed = replace(ALICE, suffixes=(ALICE.suffixes[0], *others))
    (one,), (other,) = (score_prompts(model, [p], catalogue) for p in (ALICE, changed))
    assert one[0] == other[0]
    assert (one[1:] != other[1:]).all()


def test_no_target_sees_its_own_answer(model, catalogue):
    turned = replace(ALICE, suffixes=tuple(r._replace(liked=not r.liked) for r in ALICE.suffixes))
    (one,), (other,) = (score_prompts(model, [p], catalogue) for p in (ALICE, turned))
    assert (one == other).all()


def test_the_history_and_its_order_count(model, catalogue):
    first, *rest = ALICE.prefix
    turned = replace(ALICE, prefix=(first._replace(liked=not first.liked), *rest))
    moved = replace(ALICE, prefix=(*rest, first))
    one, two, three = score_prompts(model, [ALICE, turned, moved], catalogue)
    assert (one != two).all()
    assert (one != three).all()


@pytest.mark.parametrize("gated", [False, True])
def test_a_prompt_scores_the_same_bits_in_any_company(model, catalogue, gated):
    adapted = attach(model, cast.adapter(model, 1))
    rows = [Gating(torch.rand(1, 4)) for _ in MANY] if gated else None
    together = score_prompts(adapted, MANY, catalogue, rows)
    for place, prompt in enumerate(MANY):
        (alone,) = score_prompts(adapted, [prompt], catalogue, rows and [rows[place]])
        assert alone.tobytes() == together[place].tobytes()


@pytest.mark.parametrize("n", [1, 3, len(MANY)])
def test_batches_of_one_size_have_one_shape(model, catalogue, monkeypatch, n):
    """Kernels are chosen by shape, and another kernel may round another way."""
    shapes = set()
    real = scoring.score

    def watched(model, batch, gating, past):
        shapes.add((len(batch.prompts), batch.prefix_places, batch.liked.shape[1]))
        assert past.states.shape[4] == batch.prefix_places
        return real(model, batch, gating, past)

    monkeypatch.setattr(scoring, "score", watched)
    score_prompts(model, MANY[:n], catalogue)
    assert shapes <= {(8, 8, 8), (8, 16, 8)}


def test_many_candidates_are_not_paid_for_eight_times(model, catalogue, monkeypatch):
    many = Prompt("alice", ALICE.prefix, ALICE.suffixes * 50)
    monkeypatch.setattr(scoring, "score", _rows_alone)
    (logits,) = score_prompts(model, [many], catalogue)
    assert (logits == 1).all()


def _rows_alone(model, batch, gating, past):
    return torch.full(batch.liked.shape, float(len(batch.prompts)))


def test_padding_moves_no_more_than_rounding(model, catalogue):
    tight = score(model, collate([ALICE], catalogue))[0]
    loose = score(model, collate([ALICE], catalogue, 40, 20))[0, : len(ALICE.suffixes)]
    assert torch.allclose(tight, loose, atol=1e-6)


def test_an_empty_history_is_answered(model, catalogue):
    (logits,) = score_prompts(model, [Prompt("new", (), ALICE.suffixes)], catalogue)
    assert np.isfinite(logits).all()


def test_a_prompt_without_suffixes_gives_no_logits(model, catalogue):
    (logits,) = score_prompts(model, [Prompt("alice", ALICE.prefix, ())], catalogue)
    assert logits.shape == (0,)


def test_an_unknown_item_is_named(model, catalogue):
    prompt = Prompt("alice", (), (Reaction("item-999", True, ""),))
    with pytest.raises(UnknownItem, match="'item-999' is not among the 60 items"):
        score_prompts(model, [prompt], catalogue)


def test_too_long_a_prompt_is_an_error(model, catalogue, monkeypatch):
    monkeypatch.setattr(scoring, "SIZES", (4,))
    with pytest.raises(ValueError, match="split the prompt"):
        score_prompts(model, [ALICE], catalogue)
