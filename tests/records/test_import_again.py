"""Importing twice, importing more, and importing what contradicts."""

import pytest
from django.db import DatabaseError

from compliance.records.importing import load, staging
from compliance.records.models import Interaction, Item, Subject
from tests.records.conftest import MOVIES, RATINGS

pytestmark = pytest.mark.django_db


def test_the_same_files_again_change_nothing(importer, stored):
    importer.movielens()
    before = stored()
    report = importer.movielens()
    assert stored() == before
    assert (report.items, report.subjects, report.interactions) == (0, 0, 0)
    assert (report.unchanged, report.rejected) == (7, 0)


def test_new_lines_are_added_to_old_ones(importer):
    importer.movielens()
    report = importer.movielens(
        movies=MOVIES + "4,New (2024),Drama\n", ratings=RATINGS + "9,4,3,964982709\n"
    )
    assert (report.items, report.subjects, report.interactions) == (1, 1, 1)
    assert report.unchanged == 7


def test_an_item_is_not_changed_and_its_ratings_are_taken(importer):
    importer.movielens()
    report = importer.movielens(
        movies="movieId,title,genres\n1,Other (1995),Adventure|Animation\n",
        ratings="userId,movieId,rating,timestamp\n9,1,3,964982709\n",
    )
    assert report.reasons == {"item is in the catalogue with another title": 1}
    assert report.interactions == 1
    assert Item.objects.get(external_id="1").title == "Toy Story (1995)"


def test_another_rating_at_the_same_time_is_rejected(importer):
    importer.movielens()
    report = importer.movielens(ratings=RATINGS.replace("7,1,4.0", "7,1,1.5"))
    assert (report.unchanged, report.rejected) == (6, 1)
    assert importer.rejected() == [
        {
            "file": "ratings.csv",
            "line": "2",
            "value": "1.50; stored is 4.00",
            "reason": "subject rated the item otherwise at the same time",
        }
    ]


def test_a_subject_without_an_accepted_record_is_not_made(importer):
    importer.movielens(ratings="userId,movieId,rating,timestamp\n5,1,77,5\n6,404,4,5\n")
    assert Subject.objects.count() == 0


def test_an_import_that_breaks_off_leaves_nothing_and_keeps_the_old_rejects(importer, monkeypatch):
    importer.rejects.write_text("old")
    broken = staging.INSERT_INTERACTIONS.replace("staged.rating", "staged.rating + 100")
    monkeypatch.setattr(staging, "INSERT_INTERACTIONS", broken)
    with pytest.raises(DatabaseError, match=r"overflow|interaction_rating_in_range"):
        importer.movielens()
    assert (Item.objects.count(), Subject.objects.count()) == (0, 0)
    assert Interaction.objects.count() == 0
    assert importer.rejects.read_text() == "old"
    assert len(list(importer.rejects.parent.iterdir())) == 2  # the data and the old rejects


def test_parts_in_several_statements_give_the_same(importer, monkeypatch):
    monkeypatch.setattr(load, "SMALLEST_PART", 1)
    ratings = RATINGS + "7,1,2.0,964982703\n7,1,4.0,964982703\n"
    report = importer.movielens(ratings=ratings)
    assert (report.interactions, report.unchanged, report.rejected) == (4, 1, 1)
