"""Erasure classes beside one another, beside addresses and beside an approval: no circle of waits.

Each side has a connection of its own; a run that waits for a circle ends as Postgres' deadlock.
"""

import random
from collections.abc import Callable
from pathlib import Path
from threading import Event
from time import sleep

import pytest
from django.db import connection, transaction
from django.utils import timezone

from compliance.records.contacts import ContactRow, contacts_put
from compliance.records.importing import classes
from compliance.records.importing.classes import classes_set
from compliance.records.models import Subject
from compliance.records.scope import EVERYTHING
from compliance.records.services import records_erase
from tests.races.race import race

pytestmark = pytest.mark.usefixtures("committed_db")
RACES = 6
NAMES = [f"s-{number:04d}" for number in range(600)]


@pytest.fixture(autouse=True)
def subjects(committed_db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many more than are locked by one statement."""
    monkeypatch.setattr(classes, "BATCH", 100)
    Subject.objects.bulk_create(Subject(external_id=name) for name in reversed(NAMES))


def setting(folder: Path, seed: int) -> Callable[[], object]:
    """Return what sets the classes of all, in an order of its own."""
    names = random.Random(seed).sample(NAMES, len(NAMES))
    file = folder / f"{seed}.csv"
    file.write_text("subject,class\n" + "".join(f"{name},c{seed}\n" for name in names))
    return lambda: classes_set(file, rejects=folder / f"{seed}.rejects")


def test_a_run_that_waits_for_the_first_subject_holds_no_other(tmp_path: Path) -> None:
    begun = Event()

    def hold() -> list[str]:
        """Keep the first from the run until it waits, and return who is free meanwhile."""
        with transaction.atomic():
            Subject.objects.select_for_update().get(external_id=NAMES[0])
            begun.set()
            while not waiting():
                sleep(0.01)
            free = Subject.objects.select_for_update(skip_locked=True).order_by("external_id")
            return list(free.values_list("external_id", flat=True))

    run = setting(tmp_path, 1)
    held, set_ = race(hold, lambda: begun.wait(30) and run())
    assert [held.error, set_.error] == [None, None]
    assert held.result == NAMES


def test_records_of_the_subjects_come_in_during_a_run(tmp_path: Path) -> None:
    """A record's row refers to its subject's, and locks its key."""

    def refer() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT FROM records_subject FOR KEY SHARE NOWAIT")

    with transaction.atomic():
        setting(tmp_path, 1)()
        (side,) = race(refer)
    assert side.error is None


def waiting() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
        return bool(cursor.fetchone()[0])


def test_two_runs_in_two_orders_wait_for_no_circle(tmp_path: Path) -> None:
    for number in range(RACES):
        sides = race(setting(tmp_path, 2 * number), setting(tmp_path, 2 * number + 1))
        assert [side.error for side in sides] == [None, None]
        found = set(Subject.objects.values_list("erasure_class", flat=True))
        assert len(found) == 1, "One came after the other."


def test_a_run_beside_addresses_waits_for_no_circle(tmp_path: Path) -> None:
    for number in range(RACES):
        rows = [ContactRow(name, f"{number}@example.org", "en") for name in NAMES]
        random.Random(number).shuffle(rows)
        sides = race(setting(tmp_path, number), lambda: contacts_put(rows))  # noqa: B023
        assert [side.error for side in sides] == [None, None]


def erase(names: list[str]) -> None:
    for name in names:
        with transaction.atomic():
            records_erase(external_id=name, scope=EVERYTHING, at=timezone.now())


def test_a_run_beside_approvals_waits_for_no_circle(tmp_path: Path) -> None:
    for number in range(4):
        gone = NAMES[number * 20 : number * 20 + 20]
        sides = race(setting(tmp_path, number), lambda: erase(gone))  # noqa: B023
        assert [side.error for side in sides] == [None, None]
        assert not Subject.objects.filter(external_id__in=gone).exists()
