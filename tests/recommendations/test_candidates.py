"""Which items are worth scoring."""

import numpy as np
import pytest

from compliance.recommendations import candidates as module
from compliance.recommendations.candidates import Shelf, candidates, likes_now
from compliance.records.models import Interaction, Item
from recmodel.catalogue import Catalogue
from recmodel.prompts import Reaction
from tests.recommendations.world import make_items, make_plan, make_subject

pytestmark = pytest.mark.django_db


@pytest.fixture
def plan():
    make_items(10)
    make_subject("alice", {"i-005": 5, "i-002": 4, "i-001": 1})
    make_subject("bob", {"i-005": 4, "i-003": 4, "i-002": 3.5})
    return make_plan()


# Three directions; the items of one direction lie close together.
IDS = [f"i-{place:03}" for place in range(10)]
CATALOGUE = Catalogue(IDS, np.eye(3, dtype=np.float32)[[0, 1, 2, 0, 1, 2, 0, 1, 2, 0]])


def keys() -> list[int]:
    return list(Item.objects.order_by("external_id").values_list("pk", flat=True))


@pytest.fixture
def shelf(plan) -> Shelf:
    return Shelf(CATALOGUE, keys())


def test_the_most_liked_come_first_and_ties_by_id(plan, shelf) -> None:
    assert shelf.most_liked(likes_now(plan)) == ["i-005", "i-002", "i-003"]


def test_likes_are_those_of_this_moment(plan, shelf) -> None:
    Interaction.objects.filter(subject__external_id="alice").delete()
    assert shelf.most_liked(likes_now(plan)) == ["i-003", "i-005"]


def test_without_history_the_most_liked_come_first_then_the_rest_by_id(plan, shelf) -> None:
    found = candidates(shelf, likes_now(plan), [], met=())
    assert found[:5] == ["i-005", "i-002", "i-003", "i-000", "i-001"]
    assert sorted(found) == IDS


def test_what_is_close_to_the_likes_comes_first(plan, shelf) -> None:
    history = [Reaction("i-001", True, ""), Reaction("i-002", False, "")]
    found = candidates(shelf, likes_now(plan), history, met={"i-001", "i-002"})
    assert found[:2] == ["i-004", "i-007"]


def test_what_was_met_is_no_candidate(plan, shelf) -> None:
    history = [Reaction("i-005", True, "")]
    assert "i-005" not in candidates(shelf, likes_now(plan), history, met={"i-005"})


def test_dislikes_alone_say_nothing_of_taste(plan, shelf) -> None:
    history = [Reaction("i-009", False, "")]
    assert candidates(shelf, likes_now(plan), history, met={"i-009"})[:1] == ["i-005"]


def test_liked_items_outside_the_catalogue_are_no_candidates(plan, shelf) -> None:
    small = Shelf(Catalogue(IDS[:4], CATALOGUE.embeddings[:4]), keys()[:4])
    assert candidates(small, likes_now(plan), [], met=()) == ["i-002", "i-003", "i-000", "i-001"]


def test_there_is_a_bound_and_both_kinds_have_a_share(plan, shelf, monkeypatch) -> None:
    monkeypatch.setattr(module, "CANDIDATES", 4)
    history = [Reaction("i-001", True, "")]
    assert candidates(shelf, likes_now(plan), history, met={"i-001"}) == [
        "i-004", "i-007", "i-005", "i-002"
    ]  # fmt: skip


def test_who_has_met_everything_gets_nothing(plan, shelf) -> None:
    assert candidates(shelf, likes_now(plan), [Reaction("i-001", True, "")], met=set(IDS)) == []
