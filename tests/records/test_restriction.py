"""A restriction parks what comes in for a subject until its request is decided."""

import uuid
from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, transaction

from compliance.records.models import Interaction, ParkedInteraction, Restriction, Subject
from compliance.records.restricted import is_restricted, restricted_subjects
from compliance.records.restriction import restriction_begin, restriction_drop, restriction_end
from compliance.records.scope import EVERYTHING, Scope
from compliance.records.services import records_erase
from compliance.sealing import seal
from tests.records.conftest import RATINGS

pytestmark = pytest.mark.django_db

ITEM_1, ITEM_2 = Scope(items=frozenset({"1"})), Scope(items=frozenset({"2"}))
LATER = "7,1,3,964982800\n7,2,4,964982801\n"


@pytest.fixture
def known(importer):
    """Subject 7 has rated items 1 and 2, subject 8 items 1 and 3."""
    importer.movielens()


def begin(subject: str, scope: Scope = EVERYTHING) -> uuid.UUID:
    request_id = uuid.uuid4()
    restriction_begin(external_id=subject, request_id=request_id, scope=scope)
    return request_id


def records(subject: str) -> int:
    return Interaction.objects.filter(subject__external_id=subject).count()


def test_what_comes_in_is_parked_and_only_counted(importer, known):
    begin("7")
    report = importer.movielens(ratings=RATINGS + LATER)
    assert (report.parked, report.interactions, report.rejected) == (2, 0, 0)
    assert report.unchanged == 7  # 3 items and the 4 records that are there
    assert records("7") == 2


def test_a_parked_record_shows_nothing_of_itself(importer, known):
    begin("7")
    importer.movielens(ratings=RATINGS + LATER)
    [first, second] = ParkedInteraction.objects.all()
    assert first.tag != second.tag
    assert b"96498" not in bytes(first.content)


def test_other_subjects_come_in(importer, known):
    begin("7")
    report = importer.movielens(ratings=RATINGS + "77,1,3,964982709\n")
    assert (report.parked, report.subjects, report.interactions) == (0, 1, 1)


def test_what_is_outside_the_scope_comes_in(importer, known):
    begin("7", ITEM_1)
    report = importer.movielens(ratings=RATINGS + LATER)
    assert (report.parked, report.interactions) == (1, 1)


def test_an_unknown_subject_is_restricted_alike_and_not_made_known(importer):
    begin("7")
    report = importer.movielens()
    assert (report.parked, report.subjects) == (2, 1)
    assert is_restricted("7")
    assert restricted_subjects() == []
    assert not Subject.objects.filter(external_id="7").exists()


def test_the_same_file_again_parks_nothing_twice(importer, known):
    begin("7")
    importer.movielens(ratings=RATINGS + LATER)
    report = importer.movielens(ratings=RATINGS + LATER + LATER)
    assert (report.parked, report.unchanged, report.rejected) == (0, 11, 0)


def test_another_rating_than_the_parked_one_is_rejected(importer, known):
    begin("7")
    importer.movielens(ratings=RATINGS + LATER)
    report = importer.movielens(ratings=RATINGS + "7,1,5,964982800\n")
    assert (report.parked, report.rejected) == (0, 1)
    [reject] = importer.rejected()
    assert reject["reason"] == "subject rated the item otherwise at the same time"


def test_a_line_with_an_unknown_item_is_rejected_and_not_parked(importer, known):
    begin("7")
    report = importer.movielens(ratings=RATINGS + "7,404,3,964982709\n")
    assert (report.parked, report.rejected) == (0, 1)


def test_lifted_the_records_come_back(importer, known):
    request_id = begin("7")
    importer.movielens(ratings=RATINGS + LATER)
    assert restriction_end(request_id=request_id) == 2
    assert not is_restricted("7")
    assert records("7") == 4
    assert not ParkedInteraction.objects.exists()
    report = importer.movielens(ratings=RATINGS + LATER)
    assert (report.unchanged, report.interactions, report.rejected) == (9, 0, 0)


def test_a_subject_that_was_not_known_comes_back_with_its_records(importer):
    request_id = begin("7")
    importer.movielens()
    assert restriction_end(request_id=request_id) == 2
    assert records("7") == 2


def test_lifting_twice_or_what_never_was_does_nothing(known):
    request_id = begin("7")
    assert restriction_end(request_id=request_id) == 0
    assert restriction_end(request_id=request_id) == 0
    assert restriction_drop(request_id=uuid.uuid4()) == 0


def test_begun_twice_for_one_request_it_is_one(known):
    request_id = begin("7")
    restriction_begin(external_id="7", request_id=request_id, scope=EVERYTHING)
    assert Restriction.objects.count() == 1


def test_what_another_restriction_covers_stays_parked(importer, known):
    first, second = begin("7"), begin("7", ITEM_1)
    importer.movielens(ratings=RATINGS + LATER)
    assert restriction_end(request_id=first) == 1
    assert is_restricted("7")
    assert ParkedInteraction.objects.get().restriction.request_id == second
    assert restriction_end(request_id=second) == 1
    assert records("7") == 4


def test_another_subjects_restriction_holds_nothing_back(importer, known):
    request_id = begin("7")
    begin("8")
    importer.movielens(ratings=RATINGS + LATER)
    assert restriction_end(request_id=request_id) == 2


def test_an_approval_erases_what_is_parked(importer, known):
    request_id = begin("7")
    importer.movielens(ratings=RATINGS + LATER)
    assert restriction_drop(request_id=request_id) == 2
    assert records("7") == 2  # those are the erasure's
    assert not ParkedInteraction.objects.exists()
    assert not is_restricted("7")


def test_a_partial_approval_lets_the_rest_come_back(importer, known):
    request_id = begin("7")
    importer.movielens(ratings=RATINGS + LATER)
    assert restriction_drop(request_id=request_id, scope=ITEM_1) == 1
    assert records("7") == 3


def test_an_approval_erases_what_is_parked_for_another_request(importer, known):
    waiting = begin("7")
    importer.movielens(ratings=RATINGS + LATER)
    approved = begin("7", ITEM_2)
    assert restriction_drop(request_id=approved) == 1
    assert restriction_end(request_id=waiting) == 1
    assert records("7") == 3


def test_what_was_erased_meanwhile_stays_out(importer, known):
    waiting = begin("7")
    importer.movielens(ratings=RATINGS + LATER)
    records_erase(external_id="7", scope=EVERYTHING, at=datetime(2020, 1, 1, tzinfo=UTC))
    assert restriction_end(request_id=waiting) == 0
    assert not Subject.objects.filter(external_id="7").exists()


@pytest.mark.parametrize(
    ("scope", "refused"),
    [
        (Scope(period=(datetime(2000, 7, 1, tzinfo=UTC), datetime(2000, 8, 1, tzinfo=UTC))), 2),
        (ITEM_1, 1),
    ],
    ids=["period", "item"],
)
def test_parts_that_were_erased_meanwhile_stay_out(importer, known, scope, refused):
    waiting = begin("7")
    importer.movielens(ratings=RATINGS + LATER)
    records_erase(external_id="7", scope=scope, at=datetime(2020, 1, 1, tzinfo=UTC))
    assert restriction_end(request_id=waiting) == 2 - refused


def test_what_a_restriction_is_about_cannot_be_changed(known):
    begin("7")
    with pytest.raises(DatabaseError, match="what the row is about"), transaction.atomic():
        Restriction.objects.update(scope=seal("[]"))


def test_a_subject_that_can_be_reached_stays_until_everything_goes(importer, known):
    Subject.objects.filter(external_id="7").update(contact=seal("seven@example.org"))
    period = (datetime(1999, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC))
    assert records_erase(external_id="7", scope=Scope(period=period), at=period[1]) == 2
    assert Subject.objects.filter(external_id="7").exists()
    assert records_erase(external_id="7", scope=EVERYTHING, at=period[1]) == 0
    assert not Subject.objects.filter(external_id="7").exists()
