"""Restrictions against what comes in at the same time, over real connections.

Whoever comes first, a record is stored before the restriction or parked under it, and in the end
it is there once or gone.
"""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.utils import timezone

from compliance.records.importing import load
from compliance.records.importing.load import IMPORT_LOCK
from compliance.records.intake import (
    ImportUnderWayError,
    Interacted,
    Outcome,
    interactions_take,
)
from compliance.records.models import Interaction, Item, ParkedInteraction, Restriction
from compliance.records.restriction import restriction_begin, restriction_drop, restriction_end
from compliance.records.scope import EVERYTHING
from compliance.records.services import ingest_stop, records_erase
from tests.records.conftest import Importer

pytestmark = pytest.mark.usefixtures("committed_db")

RACES = 20
SENT = [
    Interacted("alice", "film", Decimal(4), datetime(2024, 1, day, tzinfo=UTC))
    for day in range(1, 6)
]


@pytest.fixture(autouse=True)
def catalogue(committed_db: None) -> None:
    Item.objects.create(external_id="film", title="Film")


def begin(request_id: uuid.UUID, subject: str = "alice") -> None:
    with transaction.atomic():
        restriction_begin(external_id=subject, request_id=request_id, scope=EVERYTHING)


def end(request_id: uuid.UUID) -> None:
    with transaction.atomic():
        restriction_end(request_id=request_id)


def approve(request_id: uuid.UUID) -> None:
    with transaction.atomic():
        ingest_stop()
        restriction_drop(request_id=request_id)
        records_erase(external_id="alice", scope=EVERYTHING, at=timezone.now())


def at_once(*calls: Callable[[], object]) -> None:
    """Make all calls at one time, each over a connection of its own; raise what one raises."""
    start, errors = threading.Barrier(len(calls)), []

    def run(call: Callable[[], object]) -> None:
        try:
            start.wait()
            call()
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[call]) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def there() -> tuple[int, int]:
    return Interaction.objects.count(), ParkedInteraction.objects.count()


def everything_goes() -> None:
    Restriction.objects.all().delete()
    Interaction.objects.all().delete()


def test_a_call_against_a_beginning_loses_nothing_and_splits_nothing():
    for _ in range(RACES):
        at_once(lambda: interactions_take(SENT), lambda: begin(uuid.uuid4()))
        assert there() in [(5, 0), (0, 5)]
        everything_goes()


def test_a_call_against_an_end_loses_nothing():
    for _ in range(RACES):
        request_id = uuid.uuid4()
        begin(request_id)
        interactions_take(SENT[:2])
        at_once(lambda: interactions_take(SENT), lambda: end(request_id))  # noqa: B023
        assert there() == (5, 0)
        everything_goes()


def test_a_call_against_an_approval_leaves_nothing():
    for _ in range(RACES):
        request_id = uuid.uuid4()
        begin(request_id)
        at_once(lambda: interactions_take(SENT), lambda: approve(request_id))  # noqa: B023
        assert there() == (0, 0)


def test_an_end_against_another_beginning_never_lets_go_of_what_is_restricted():
    for _ in range(RACES):
        first, second = uuid.uuid4(), uuid.uuid4()
        begin(first)
        interactions_take(SENT)
        at_once(lambda: end(first), lambda: begin(second))  # noqa: B023
        assert there() in [(5, 0), (0, 5)]
        end(second)
        assert there() == (5, 0)
        everything_goes()


def test_two_ends_at_once_bring_back_once():
    for _ in range(RACES):
        first, second = uuid.uuid4(), uuid.uuid4()
        begin(first)
        begin(second)
        interactions_take(SENT)
        at_once(lambda: end(first), lambda: end(second))  # noqa: B023
        assert there() == (5, 0)
        everything_goes()


def test_the_same_call_many_times_at_once_stores_once():
    for _ in range(RACES):
        outcomes: list[Outcome] = []

        def send(into: list[Outcome] = outcomes) -> None:
            into.extend(taken.outcome for taken in interactions_take(SENT))

        at_once(*[send] * 4)
        assert sorted(outcomes) == ["stored"] * 5 + ["unchanged"] * 15
        everything_goes()


@pytest.fixture
def held_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """An import of alice's records that has looked at the restrictions and waits to commit."""
    looked, go_on = threading.Event(), threading.Event()
    real = load.park

    def held(cursor: object) -> object:
        found = real(cursor)  # type: ignore[arg-type]
        looked.set()
        go_on.wait(10)
        return found

    monkeypatch.setattr(load, "park", held)
    importer = Importer(tmp_path)

    def work() -> None:
        importer.run({"movies.csv": "movieId,title,genres\n1,Toy,Drama\n", "ratings.csv": RATED})
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    assert looked.wait(10)
    yield go_on
    go_on.set()
    thread.join()


RATED = "userId,movieId,rating,timestamp\nalice,1,4.0,964982703\n"


def test_a_beginning_waits_for_an_import_that_could_not_see_it(held_import: threading.Event):
    """Broken by a restriction that stands before records that are not parked."""
    seen: list[int] = []

    def watched() -> None:
        begin(uuid.uuid4())
        seen.append(Interaction.objects.count())
        connection.close()

    beginning = threading.Thread(target=watched)
    beginning.start()
    time.sleep(0.3)
    assert seen == []
    held_import.set()
    beginning.join()
    assert seen == [1]


def test_a_call_beside_an_import_is_to_be_made_again(held_import: threading.Event):
    with pytest.raises(ImportUnderWayError):
        interactions_take(SENT)
    assert there() == (0, 0)


def test_the_import_lock_is_free_afterwards():
    interactions_take(SENT)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [IMPORT_LOCK])
        assert cursor.fetchone() == (True,)


def test_the_same_records_in_two_orders_are_parked_once_and_wait_for_no_circle() -> None:
    begin(uuid.uuid4())
    many = [
        Interacted("alice", "film", Decimal(4), datetime(2024, 1, 1, hour, minute, tzinfo=UTC))
        for hour in range(10)
        for minute in range(30)
    ]
    at_once(lambda: interactions_take(many), lambda: interactions_take(many[::-1]))
    assert ParkedInteraction.objects.count() == len(many)
