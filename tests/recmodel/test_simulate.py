import numpy as np
import pytest

from recmodel.simulate import World, live, preference, subjects, unit_features
from tests.recmodel import cast


@pytest.fixture(scope="module")
def features():
    """Twelve kinds of items, as a catalogue has genres."""
    rng = np.random.default_rng(3)
    kinds = rng.standard_normal((12, 24))[rng.integers(12, size=600)]
    return unit_features((kinds + 0.5 * rng.standard_normal((600, 24))).astype(np.float32))


def test_a_seed_gives_the_same_subjects(catalogue):
    one, other = (list(subjects(catalogue, 5, seed=1, records=20)) for _ in range(2))
    assert one == other
    assert one != list(subjects(catalogue, 5, seed=2, records=20))


def test_records_are_in_time_order_and_an_item_comes_once(catalogue):
    for _, records in subjects(catalogue, 20, seed=1, records=20):
        assert len(records) >= 4
        assert [r.at for r in records] == sorted({r.at for r in records})
        assert len({r.item for r in records}) == len(records)
        assert all(r.item in catalogue for r in records)


def test_features_are_centred_and_of_length_one(features):
    assert np.linalg.norm(features, axis=1) == pytest.approx(1)
    assert abs(features.mean(axis=0)).max() < 0.05


def test_a_preference_has_mean_0_and_variance_1(features):
    for seed in range(10):
        values = preference(features, np.random.default_rng(seed))
        assert values.mean() == pytest.approx(0, abs=1e-9)
        assert values.std() == pytest.approx(1)


def test_people_differ_in_how_much_they_like(features):
    rates = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        rates.append(live(World.over(features, rng), rng, 80).liked.mean())
    assert 0.5 < np.mean(rates) < 0.7
    assert 0.12 < np.std(rates) < 0.3


def test_people_like_again_what_is_like_what_they_liked(features):
    """The next reaction is told better by the nearest past ones than by chance."""
    hits = []
    for seed in range(80):
        rng = np.random.default_rng(seed)
        life = live(World.over(features, rng), rng, 120)
        past, late = life.items[:90], life.items[90:]
        weight = np.exp((features[late] @ features[past].T) / 0.1)
        lean = weight @ (life.liked[:90] - life.liked[:90].mean())
        hits.append(np.corrcoef(lean, life.liked[90:] + 1e-9 * np.arange(30))[0, 1])
    assert np.nanmean(hits) > 0.1


def test_quality_is_drawn_anew_for_every_world(features):
    one, other = (World.over(features, np.random.default_rng(seed)) for seed in (1, 2))
    assert abs(np.corrcoef(one.quality, other.quality)[0, 1]) < 0.2


def test_nobody_meets_more_items_than_there_are(catalogue):
    rng = np.random.default_rng(1)
    assert len(live(World.draw(cast.tiny_catalogue().embeddings, rng), rng, 500).items) == 60
