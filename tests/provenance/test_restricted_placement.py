"""A restriction and a refresh that meet: the one waits for the other."""

import threading
import time
import uuid

import pytest
from django.db import connection, transaction

from compliance.provenance.models import Plan, RecordPlace
from compliance.provenance.placement import place_new_records
from compliance.records.restriction import restriction_begin
from compliance.records.scope import EVERYTHING
from tests.provenance.test_provenance_command import CONFIG, make_subject


@pytest.fixture
def plan(committed_db: None) -> Plan:
    return Plan.objects.create(digest="sha256:" + "1" * 64, config=CONFIG, is_active=True)


def begin() -> None:
    with transaction.atomic():
        restriction_begin(external_id="alice", request_id=uuid.uuid4(), scope=EVERYTHING)


def test_who_is_restricted_is_not_placed(plan: Plan):
    make_subject("alice", 7)
    make_subject("bob", 7)
    begin()
    place_new_records(plan)
    placed = RecordPlace.objects.values_list("subject__external_id", flat=True)
    assert set(placed) == {"bob"}


def test_a_beginning_waits_for_a_refresh_that_could_not_see_it(plan: Plan):
    """Broken by a refresh that places somebody after the restriction stands."""
    make_subject("alice", 7)
    placed: list[int] = []

    def watched() -> None:
        begin()
        placed.append(RecordPlace.objects.count())
        connection.close()

    beginning = threading.Thread(target=watched)
    with transaction.atomic():
        place_new_records(plan)
        beginning.start()
        time.sleep(0.3)
        assert placed == []
    beginning.join()
    assert placed == [7]
    place_new_records(plan)
    assert not RecordPlace.objects.exists()
