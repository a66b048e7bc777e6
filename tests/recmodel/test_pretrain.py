import numpy as np
import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from recmodel.base import BaseConfig, ItemTokenModel
from recmodel.card import model_card
from recmodel.pretrain import Lesson, Recipe, draw_lesson, lesson_loss, pretrain
from recmodel.prompts import Prompt
from recmodel.scoring import score_prompts
from tests.recmodel import cast

RECIPE = Recipe(world_items=60, records=20, batch=4, steps=3, warmup_steps=1)


@pytest.fixture(scope="module")
def table():
    return cast.tiny_catalogue().embeddings


def test_a_lesson_asks_what_prompts_ask(model, catalogue):
    """The loss over one stacked pass is the loss of the prompts it stands for."""
    records = cast.records("alice", 12)
    seen = [0, 1, 2, 2, 4, 4, 4, 4, 8, 8, 8, 8]
    lesson = Lesson(
        torch.from_numpy(catalogue.vectors(r.item for r in records))[None],
        torch.tensor([[r.liked for r in records]]),
        torch.tensor([seen]),
    )
    prompts = [
        Prompt("alice", tuple(records[:n]), (r,)) for n, r in zip(seen, records, strict=True)
    ]
    logits = torch.from_numpy(np.concatenate(score_prompts(model, prompts, catalogue)))
    expected = binary_cross_entropy_with_logits(logits, lesson.liked[0].float())
    assert lesson_loss(model, lesson).item() == pytest.approx(expected.item(), abs=1e-6)


def test_no_query_sees_its_own_record(table):
    lesson = draw_lesson([table], RECIPE, np.random.default_rng(1))
    assert lesson.vectors.shape == (4, 20, 24)
    assert (lesson.seen <= torch.arange(20)).all()


def test_histories_come_in_blocks_of_several_sizes(table):
    lesson = draw_lesson([table], Recipe(world_items=60, records=40, batch=30), _rng())
    assert {len(row.unique()) for row in lesson.seen} == {40, 8, 7}


def _rng() -> np.random.Generator:
    return np.random.default_rng(5)


def test_the_same_recipe_makes_the_same_base(table):
    def make() -> ItemTokenModel:
        shape = BaseConfig("none", dimension=24, hidden=32, layers=1, heads=2, intermediate=32)
        return pretrain({"film": table}, shape, RECIPE)

    one = make()
    assert one.digest == make().digest
    assert torch.equal(one.centre, torch.from_numpy(table.mean(axis=0)))
    assert one.digest in model_card(one, {"records": 20})


def test_reactions_are_of_the_drawn_items(table):
    vectors = draw_lesson([table], RECIPE, _rng()).vectors[0]
    assert all(any(torch.equal(v, torch.from_numpy(row)) for row in table) for v in vectors)
    assert len(vectors.unique(dim=0)) == 20
