"""An erased subject's old records do not come back with the next import."""

from datetime import UTC, datetime, timedelta

import pytest

from compliance.records.models import Interaction, Subject
from compliance.records.scope import EVERYTHING, Scope
from compliance.records.services import records_erase
from tests.records.conftest import RATINGS

pytestmark = pytest.mark.django_db

ERASED_AT = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def erased(importer):
    importer.movielens()
    assert records_erase(external_id="7", scope=EVERYTHING, at=ERASED_AT) == 2


def test_old_records_are_skipped_and_only_counted(importer, erased):
    report = importer.movielens()
    assert (report.suppressed, report.interactions, report.rejected) == (2, 0, 0)
    assert not Subject.objects.filter(external_id="7").exists()
    assert importer.rejected() == []


def test_records_dated_after_the_erasure_are_welcome(importer, erased):
    at = int(ERASED_AT.timestamp())
    report = importer.movielens(ratings=f"{RATINGS}7,1,3,{at}\n7,1,3,{at + 1}\n")
    assert (report.suppressed, report.subjects, report.interactions) == (3, 1, 1)
    assert Interaction.objects.get(subject__external_id="7").occurred_at.timestamp() == at + 1


def test_other_subjects_are_not_touched(importer, erased):
    report = importer.movielens(ratings=RATINGS + "77,1,3,964982709\n")
    assert (report.suppressed, report.subjects, report.interactions) == (2, 1, 1)


def test_an_erased_subject_is_not_named_in_the_rejects(importer, erased):
    report = importer.movielens(ratings=RATINGS + "7,404,3,964982709\n")
    assert (report.suppressed, report.rejected) == (3, 0)


# Subject 7 rated items 1 and 2 at these seconds; 9 more of it arrive for item 1.
FIRST = datetime.fromtimestamp(964982703, UTC)
SECOND = FIRST + timedelta(seconds=1)
MORE = "".join(f"7,1,3,{964982710 + n}\n" for n in range(9))
PARTS = {
    "item": (Scope(items=frozenset({"1"})), 10, 0),
    "period": (Scope(period=(SECOND, SECOND)), 1, 9),
    "record": (Scope(records=frozenset({("1", FIRST)})), 1, 9),
    "a-record-of-another-time": (Scope(records=frozenset({("1", ERASED_AT)})), 0, 9),
}


@pytest.mark.parametrize("part", PARTS)
def test_exactly_what_was_in_scope_stays_out(importer, part):
    scope, refused, welcome = PARTS[part]
    importer.movielens()
    erased = records_erase(external_id="7", scope=scope, at=ERASED_AT)
    assert erased == min(refused, 1)
    report = importer.movielens(ratings=RATINGS + MORE)
    assert (report.suppressed, report.interactions, report.rejected) == (refused, welcome, 0)
    for item, at in Interaction.objects.filter(subject__external_id="7").values_list(
        "item__external_id", "occurred_at"
    ):
        assert not scope.covers(item, at)


def test_an_erased_item_is_welcome_again_afterwards(importer):
    importer.movielens()
    records_erase(external_id="7", scope=Scope(items=frozenset({"1"})), at=ERASED_AT)
    at = int(ERASED_AT.timestamp())
    report = importer.movielens(ratings=f"{RATINGS}7,1,3,{at}\n7,1,3,{at + 1}\n")
    assert (report.suppressed, report.interactions) == (2, 1)


def test_erasing_twice_adds_up(importer):
    importer.movielens(ratings=RATINGS + MORE)
    middle = FIRST + timedelta(seconds=9)
    for period in ((FIRST, middle), (FIRST, FIRST + timedelta(seconds=2)), (middle, ERASED_AT)):
        records_erase(external_id="7", scope=Scope(period=period), at=ERASED_AT)
    assert not Subject.objects.filter(external_id="7").exists()
    assert importer.movielens(ratings=RATINGS + MORE).suppressed == 11


def test_other_subjects_keep_the_same_item_and_time(importer):
    importer.movielens()
    records_erase(external_id="7", scope=Scope(records=frozenset({("1", FIRST)})), at=ERASED_AT)
    report = importer.movielens(ratings=RATINGS + f"77,1,3,{int(FIRST.timestamp())}\n")
    assert (report.suppressed, report.interactions) == (1, 1)
