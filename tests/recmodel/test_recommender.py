"""A release's answers: whom it trusts, and that nobody speaks for itself."""

from dataclasses import replace

import numpy as np
import pytest

from recmodel.attention import Attention, omega
from recmodel.calibrator import scores
from recmodel.mixture import Mixture
from recmodel.plan_calibrator import plan_calibrator
from recmodel.prompts import prompt_ranges, prompts_of
from recmodel.rates import Counts
from recmodel.recommender import (
    Person,
    Recommender,
    Setting,
    evidence_of,
    history_taste,
    prompt_errors_of,
)
from tests.plans import CALIBRATOR
from tests.recmodel import cast

MODEL, CATALOGUE = cast.tiny_model(), cast.tiny_catalogue()
SETTING = Setting(Attention("attention", 3, 300.0), np.zeros(24, np.float32), CALIBRATOR, b"key")
ADAPTERS = {shard: cast.adapter(MODEL, shard) for shard in range(3)}


def person(name: str) -> Person:
    records = cast.records(name, 17)
    ranges = prompt_ranges(17, history_size=12, targets_per_prompt=6, min_history=2)
    return Person(name, tuple(prompts_of(name, records, ranges)), tuple(records))


PEOPLE = [person(name) for name in ("alice", "bob", "charlie", "dora", "eve")]


def counts_of(people: list[Person]) -> Counts:
    likes: dict[str, int] = {}
    reactions: dict[str, int] = {}
    for reaction in (r for one in people for r in one.records):
        reactions[reaction.item] = reactions.get(reaction.item, 0) + 1
        likes[reaction.item] = likes.get(reaction.item, 0) + reaction.liked
    return Counts.of(likes, reactions)


def recommender(people: list[Person]) -> Recommender:
    errors = np.array(
        [
            prompt_errors_of(Mixture(MODEL, {shard: state}), people, CATALOGUE)
            for shard, state in ADAPTERS.items()
        ]
    )
    return Recommender(
        mixture=Mixture(MODEL, ADAPTERS),
        setting=SETTING,
        evidence=evidence_of(people, errors, CATALOGUE, SETTING),
        counts=counts_of(people),
        catalogue=CATALOGUE,
        calibrator=CALIBRATOR,
    )


WHO = recommender(PEOPLE)
HISTORY = tuple(cast.records("frank", 9))
ITEMS = [f"item-{n}" for n in range(40)]


def test_a_sample_is_weighed_by_its_neighbours_and_calibrated():
    weights = omega(
        SETTING.attention, history_taste(HISTORY, CATALOGUE, SETTING.centre), WHO.evidence
    )
    assert weights.max() > 0.4  # it does choose
    logits = WHO.mixture.score_candidates(HISTORY, ITEMS, CATALOGUE, weights[None], WHO.counts)
    rows = scores(logits, HISTORY, ITEMS, WHO.counts, CATALOGUE, SETTING.centre)
    assert WHO.probabilities(HISTORY, ITEMS, ()) == pytest.approx(CALIBRATOR.probability(rows))


def test_a_candidate_does_not_depend_on_the_others():
    every = WHO.probabilities(HISTORY, ITEMS, ())
    for place in (0, 7, 39):
        alone = WHO.probabilities(HISTORY, ITEMS[place : place + 1], ())
        assert alone.tobytes() == every[place : place + 1].tobytes()


def test_no_candidates_no_probabilities():
    assert WHO.probabilities(HISTORY, [], ()).shape == (0,)


def test_validation_people_are_judged_as_if_they_had_taught_nothing():
    """Broken by evidence or counts that hold the person who is judged."""
    every = WHO.validation_rows(PEOPLE)
    start = 0
    for one in PEOPLE:
        rest = [other for other in PEOPLE if other is not one]
        others = replace(recommender(rest), mixture=WHO.mixture)
        # Of a stranger nothing was counted, so there is nothing to leave out.
        rows = others.validation_rows([replace(one, records=())])
        assert rows.tobytes() == every[start : start + len(rows)].tobytes()
        start += len(rows)


def test_a_refit_is_the_same_again():
    first = WHO.refitted(PEOPLE)
    assert WHO.refitted(PEOPLE) == first
    assert first != CALIBRATOR


def test_the_model_is_told_what_others_made_of_the_items():
    counts = WHO.counts
    twice = Counts.of(
        {item: 2 * n for item, n in counts.likes.items()},
        {item: 2 * n for item, n in counts.reactions.items()},
    )
    more = replace(WHO, counts=twice)
    assert (more.validation_rows(PEOPLE)[:, 0] != WHO.validation_rows(PEOPLE)[:, 0]).all()


def test_without_validation_people_the_plans_calibrator_serves():
    alone = recommender([])
    assert alone.refitted([]) == CALIBRATOR
    assert alone.probabilities(HISTORY, ITEMS, ()).shape == (40,)


def test_without_adapters_the_frozen_base_answers():
    frozen = replace(
        WHO,
        mixture=Mixture(MODEL, {}),
        evidence=replace(WHO.evidence, errors=WHO.evidence.errors[:0]),
    )
    assert np.isfinite(frozen.probabilities(HISTORY, ITEMS, ())).all()
    assert frozen.validation_rows(PEOPLE).shape == WHO.validation_rows(PEOPLE).shape


def test_the_plans_calibrator_needs_nobody_and_is_the_same_again(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("recmodel.plan_calibrator.SUBJECTS", 20)
    first = plan_calibrator(MODEL, CATALOGUE, SETTING.centre, cast.CONFIG)
    assert plan_calibrator(MODEL, CATALOGUE, SETTING.centre, cast.CONFIG) == first
    item_rate, subject_rate = first.weights[1:3]
    assert item_rate > 0
    assert subject_rate > 0
