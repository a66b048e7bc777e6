"""The generated sample: the same bytes for the same seed, and a taste that can be learnt."""

import csv
from collections import defaultdict

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from compliance.spreadsheets import harmless
from recmodel.fictional import fictional_catalogue
from workers.sample import simulate, write_sample


@pytest.fixture(scope="module")
def ratings():
    return simulate(fictional_catalogue(1200, 1), subjects=400, seed=1)


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        write_sample(tmp_path / name, subjects=20, items=100, seed=seed)
    a, b, c = (
        [(tmp_path / name / file).read_bytes() for file in ("movies.csv", "ratings.csv")]
        for name in "abc"
    )
    assert a == b
    assert a[0] != c[0]
    assert a[1] != c[1]


def test_no_cell_of_a_sample_is_a_formula(tmp_path):
    write_sample(tmp_path, subjects=20, items=1200, seed=1)
    for name in ("movies.csv", "ratings.csv"):
        with (tmp_path / name).open(encoding="utf-8", newline="") as file:
            for row in csv.reader(file):
                assert row == list(map(harmless, row))


@pytest.mark.django_db
def test_every_line_of_a_sample_can_be_imported(importer):
    call_command("make_sample", str(importer.folder), subjects=30, items=100, seed=2)
    report = importer.run()
    assert (report.items, report.subjects, report.rejected, report.unchanged) == (100, 30, 0, 0)


def test_its_size_and_scale_are_those_of_a_small_real_data_set(ratings):
    assert 20_000 < len(ratings) < 30_000
    counts = defaultdict(int)
    for rating in ratings:
        counts[rating.item] += 1
    popular = sorted(counts.values(), reverse=True)
    assert sum(popular[: len(popular) // 10]) > 0.3 * len(ratings)
    liked = np.mean([rating.stars > 3.5 for rating in ratings])
    assert 0.4 < liked < 0.6


def test_each_person_rates_in_time_order_and_an_item_once(ratings):
    by_subject = defaultdict(list)
    for rating in ratings:
        by_subject[rating.subject].append(rating)
    for records in by_subject.values():
        times = [rating.at for rating in records]
        assert times == sorted(set(times))
        assert len({rating.item for rating in records}) == len(records)


def test_genres_liked_before_are_liked_again(ratings):
    """What is left of a rating besides the person's and the item's means is a matter of genre."""
    genres = {item.external_id: item.genres for item in fictional_catalogue(1200, 1)}
    rest = _residuals(ratings)
    earlier, later = defaultdict(list), defaultdict(list)
    seen = defaultdict(int)
    totals = defaultdict(int)
    for rating in ratings:
        totals[rating.subject] += 1
    for rating, value in zip(ratings, rest, strict=True):
        seen[rating.subject] += 1
        half = earlier if seen[rating.subject] <= totals[rating.subject] / 2 else later
        for genre in genres[rating.item]:
            half[rating.subject, genre].append(value)
    both = [key for key in earlier if len(earlier[key]) >= 5 and len(later[key]) >= 5]
    pairs = np.array([(np.mean(earlier[key]), np.mean(later[key])) for key in both])
    assert np.corrcoef(pairs.T)[0, 1] > 0.4


def _residuals(ratings):
    by_item, by_subject = defaultdict(list), defaultdict(list)
    for rating in ratings:
        by_item[rating.item].append(rating.stars)
        by_subject[rating.subject].append(rating.stars)
    overall = np.mean([rating.stars for rating in ratings])
    return [
        rating.stars - np.mean(by_item[rating.item]) - np.mean(by_subject[rating.subject]) + overall
        for rating in ratings
    ]


@pytest.mark.parametrize(("name", "value"), [("subjects", 0), ("items", 0), ("seed", -1)])
def test_nonsense_sizes_are_refused(tmp_path, name, value):
    with pytest.raises(CommandError, match=f"--{name} is {value}"):
        call_command("make_sample", str(tmp_path), **{name: value})


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("make_sample", str(tmp_path / "file"), subjects=1, items=10)
