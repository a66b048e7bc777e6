"""From scores to a probability: what each score says, and how the calibrator is fitted."""

import json
import math

import numpy as np
import pytest

from recmodel.calibrator import (
    PRIOR,
    SCORES,
    Calibrator,
    fit,
    neighbour_scores,
    scores,
    standard,
)
from recmodel.catalogue import Catalogue
from recmodel.prompts import Reaction
from recmodel.rates import Counts, logit

CENTRE = np.zeros(2, np.float32)
CATALOGUE = Catalogue(
    ["north", "northish", "south", "east"],
    np.array([[1, 0], [0.9, 0.1], [-1, 0], [0, 1]], np.float32),
)
COUNTS = Counts.of(
    {"north": 3, "south": 1, "east": 0}, {"north": 4, "south": 4, "east": 4, "northish": 0}
)


def liked(item: str) -> Reaction:
    return Reaction(item, True, "")


def disliked(item: str) -> Reaction:
    return Reaction(item, False, "")


def column(name: str, history: list[Reaction], *targets: str) -> list[float]:
    logits = np.arange(len(targets), dtype=np.float32)
    rows = scores(logits, history, targets, COUNTS, CATALOGUE, CENTRE)
    return rows[:, SCORES.index(name)].tolist()


def test_the_models_logit_stands_as_it_is():
    assert column("model", [], "north", "south") == [0.0, 1.0]


def test_rates_are_smoothed_towards_the_overall_one():
    overall = 5 / 14
    expected = [logit((3 + 5 * overall) / 9), logit(overall)]
    assert column("item_rate", [], "north", "northish") == pytest.approx(expected)


def test_the_subjects_rate_is_that_of_its_history():
    overall = 5 / 14
    expected = logit((1 + 5 * overall) / 7)
    assert column("subject_rate", [liked("north"), disliked("south")], "east") == [
        pytest.approx(expected)
    ]


def test_popularity_counts_all_reactions():
    assert column("popularity", [], "north", "northish") == [math.log(5), 0.0]


def test_recency_is_what_the_latest_say_beyond_the_rest():
    before = [disliked("south")] * 30
    assert column("recency", before + [liked("north")] * 20, "east")[0] > 0.5
    assert column("recency", [liked("north")] * 20, "east") == [0.0]


def test_neighbours_speak_for_what_is_like_them():
    near, far = column("neighbours", [liked("north"), disliked("south")], "northish", "east")
    assert near > far
    assert column("neighbours", [disliked("north"), liked("south")], "northish")[0] < 0
    assert column("neighbours", [], "north", "south") == [0.0, 0.0]


def test_a_target_does_not_depend_on_the_others_asked():
    history = [liked("north"), disliked("south"), liked("east")]
    every = neighbour_scores(history, list(CATALOGUE.ids), COUNTS, CATALOGUE, CENTRE)
    for place, item in enumerate(CATALOGUE.ids):
        alone = neighbour_scores(history, [item], COUNTS, CATALOGUE, CENTRE)
        assert alone.tobytes() == every[place : place + 1].tobytes()


def test_own_records_are_left_out_exactly():
    """Broken by rates that let a person's own reaction predict itself."""
    own = [liked("north"), disliked("north"), disliked("east")]
    others = COUNTS.without(own)
    expected = Counts.of({"north": 2, "south": 1, "east": 0}, {"north": 2, "south": 4, "east": 3})
    for item in CATALOGUE.ids:
        assert others.popularity(item) == expected.popularity(item)
        assert others.item_rate(item) == expected.item_rate(item)
    assert others.overall == expected.overall


def simulated(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((n, len(SCORES)))
    truth = rows @ np.array([2.0, 1.0, 0.5, 0.0, -0.5, 1.0]) + 0.3
    return rows, rng.random(n) < 1 / (1 + np.exp(-truth))


FLAT = Calibrator((0.0,) * 6, (1.0,) * 6, (0.0,) * 6, 0.0)


def test_it_finds_what_makes_the_difference():
    rows, answers = simulated(40_000)
    found = fit(rows, answers, FLAT)
    assert found.weights == pytest.approx([2.0, 1.0, 0.5, 0.0, -0.5, 1.0], abs=0.08)
    assert found.bias == pytest.approx(0.3, abs=0.05)


def test_the_slope_is_zero_where_it_ends():
    """Newton has converged: no more likely weights are near, few rows or many."""
    for n in (3, 50, 5000):
        rows, answers = simulated(n)
        found = fit(rows, answers, FLAT)
        w = np.array([*found.weights, found.bias])
        z = np.concatenate([rows, np.ones((n, 1))], axis=1)
        slope = z.T @ (1 / (1 + np.exp(-z @ w)) - answers) + PRIOR * w
        assert np.abs(slope).max() < 1e-8


def test_one_sided_answers_do_not_run_away():
    rows, _ = simulated(200)
    found = fit(rows, np.ones(200, bool), FLAT)
    assert np.isfinite([*found.weights, found.bias]).all()
    assert found.probability(rows).min() > 0.5


def test_without_rows_it_is_the_prior():
    prior = Calibrator((1.0,) * 6, (2.0,) * 6, (0.1, 0.2, 0.3, 0.4, 0.5, 0.6), 0.7)
    assert fit(np.empty((0, 6)), np.empty(0, bool), prior) == prior


def test_json_keeps_every_bit():
    rows, answers = simulated(100)
    found = fit(rows, answers, standard(rows))
    assert Calibrator.from_dict(json.loads(json.dumps(found.to_dict()))) == found


def test_a_calibrator_over_other_scores_is_refused():
    with pytest.raises(ValueError, match="over"):
        Calibrator.from_dict(FLAT.to_dict() | {"scores": ["model"]})


def test_a_score_that_never_varies_does_no_harm():
    rows = np.ones((9, 6))
    assert np.isfinite(standard(rows).standardised(rows)).all()
