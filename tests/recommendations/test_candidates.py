"""Which items are worth scoring."""

import numpy as np
import pytest

from compliance.recommendations import candidates as module
from compliance.recommendations.candidates import Shelf, candidates
from recmodel.catalogue import Catalogue
from recmodel.prompts import Reaction
from recmodel.rates import Counts

# Three directions; the items of one direction lie close together.
IDS = [f"i-{place:03}" for place in range(10)]
CATALOGUE = Catalogue(IDS, np.eye(3, dtype=np.float32)[[0, 1, 2, 0, 1, 2, 0, 1, 2, 0]])
COUNTS = Counts.of(
    {"i-005": 2, "i-003": 1, "i-002": 1, "i-001": 0, "gone": 7},
    {"i-005": 2, "i-003": 1, "i-002": 2, "i-001": 9, "gone": 7},
)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf(CATALOGUE, COUNTS)


def test_the_most_liked_come_first_and_ties_by_id(shelf: Shelf):
    assert shelf.most_liked == ["i-005", "i-002", "i-003"]


def test_without_history_the_most_liked_come_first_then_the_rest_by_id(shelf: Shelf):
    found = candidates(shelf, [], met=())
    assert found[:5] == ["i-005", "i-002", "i-003", "i-000", "i-001"]
    assert sorted(found) == IDS


def test_what_is_close_to_the_likes_comes_first(shelf: Shelf):
    history = [Reaction("i-001", True, ""), Reaction("i-002", False, "")]
    found = candidates(shelf, history, met={"i-001", "i-002"})
    assert found[:2] == ["i-004", "i-007"]


def test_what_was_met_is_no_candidate(shelf: Shelf):
    history = [Reaction("i-005", True, "")]
    assert "i-005" not in candidates(shelf, history, met={"i-005"})


def test_dislikes_alone_say_nothing_of_taste(shelf: Shelf):
    history = [Reaction("i-009", False, "")]
    assert candidates(shelf, history, met={"i-009"})[:1] == ["i-005"]


def test_liked_items_outside_the_catalogue_are_no_candidates():
    small = Shelf(Catalogue(IDS[:4], CATALOGUE.embeddings[:4]), COUNTS)
    assert candidates(small, [], met=()) == ["i-002", "i-003", "i-000", "i-001"]


def test_there_is_a_bound_and_both_kinds_have_a_share(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "CANDIDATES", 4)
    history = [Reaction("i-001", True, "")]
    assert candidates(shelf, history, met={"i-001"}) == ["i-004", "i-007", "i-005", "i-002"]


def test_who_has_met_everything_gets_nothing(shelf: Shelf):
    assert candidates(shelf, [Reaction("i-001", True, "")], met=set(IDS)) == []
