from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from recmodel.base import BaseConfig, ItemTokenModel, told_of
from recmodel.card import model_card
from recmodel.pretrain import Lesson, Recipe, draw_lesson, lesson_loss, pretrain
from recmodel.prompts import Prompt
from recmodel.rates import Counts
from recmodel.scoring import score_prompts
from recmodel.taste import centre_of
from tests.recmodel import cast

RECIPE = Recipe(world_items=60, records=20, questions=20, batch=4, steps=3, warmup_steps=1)
OTHERS = Counts.of({f"item-{n}": n % 5 for n in range(60)}, {f"item-{n}": n for n in range(60)})


@pytest.fixture(scope="module")
def table():
    return cast.tiny_catalogue().embeddings


def test_a_lesson_asks_what_prompts_ask(model, catalogue):
    """The loss over one stacked pass is the loss of the prompts it stands for."""
    records = OTHERS.tell(cast.records("alice", 12))
    asked, seen = [1, 3, 6, 7, 11], [1, 2, 4, 4, 8]
    told = told_of([records], 12)
    lesson = Lesson(
        torch.from_numpy(catalogue.centred(r.item for r in records))[None],
        torch.tensor([[r.liked for r in records]]),
        told,
        torch.tensor([asked]),
        torch.tensor([seen]),
        told[:, asked],
    )
    prompts = [
        Prompt("alice", records[:n], (records[at],)) for n, at in zip(seen, asked, strict=True)
    ]
    logits = torch.from_numpy(np.concatenate(score_prompts(model, prompts, catalogue)))
    expected = binary_cross_entropy_with_logits(logits, lesson.liked[0, asked].float())
    assert lesson_loss(model, lesson).item() == pytest.approx(expected.item(), abs=1e-6)


def test_no_query_sees_its_own_record(table):
    lesson = draw_lesson([table], RECIPE, np.random.default_rng(1))
    assert lesson.vectors.shape == (4, 20, 24)
    assert (lesson.seen <= lesson.asked).all()


def test_a_question_is_about_a_record(table):
    lesson = draw_lesson([table], replace(RECIPE, questions=7), _rng())
    assert lesson.asked.shape == lesson.seen.shape == (4, 7)
    assert all(len(row.unique()) == 7 for row in lesson.asked)


def test_some_are_told_of_others_and_some_are_not(table):
    """Histories may be told nothing while questions are, as both may and neither."""
    lesson = draw_lesson([table], replace(RECIPE, batch=60), _rng())
    said = {
        (bool(told[:, 2].all()), bool(asked[:, 2].all()))
        for told, asked in zip(lesson.told, lesson.asked_told, strict=True)
    }
    assert said == {(True, True), (False, True), (False, False)}
    untold = lesson.told[:, 0, 2] == 0
    assert not lesson.told[untold].any()


def test_histories_come_in_blocks_of_several_sizes(table):
    lesson = draw_lesson(
        [table], Recipe(world_items=60, records=40, questions=40, batch=30), _rng()
    )
    assert {len(row.unique()) for row in lesson.seen} == {40, 8, 7}


def _rng() -> np.random.Generator:
    return np.random.default_rng(5)


def test_the_same_recipe_makes_the_same_base(table):
    def make() -> ItemTokenModel:
        shape = BaseConfig("none", dimension=24, hidden=32, layers=1, heads=2, intermediate=32)
        return pretrain({"film": table}, shape, RECIPE)

    one = make()
    assert one.digest == make().digest
    assert one.digest in model_card(one, {"records": 20})


def test_reactions_are_of_the_drawn_items(table):
    """All of a table of 60 is in a world of 60 items, centred on their mean."""
    vectors = draw_lesson([table], RECIPE, _rng()).vectors[0]
    centred = torch.from_numpy(table - centre_of(table))
    assert all(any(torch.allclose(v, row, atol=1e-6) for row in centred) for v in vectors)
    assert len(vectors.unique(dim=0)) == 20
