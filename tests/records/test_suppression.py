"""An erased subject's old records do not come back with the next import."""

from datetime import UTC, datetime

import pytest

from compliance.records.models import Interaction, Subject
from compliance.records.scope import EVERYTHING
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
