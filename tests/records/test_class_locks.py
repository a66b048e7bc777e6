"""Erasure classes beside one another, beside addresses and beside an approval: no circle of waits.

Each side has a connection of its own; a run that waits for a circle ends as Postgres' deadlock.
"""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import transaction
from django.utils import timezone

from compliance.records.contacts import ContactRow, contacts_put
from compliance.records.importing import classes
from compliance.records.importing.classes import classes_set
from compliance.records.models import Subject
from compliance.records.scope import EVERYTHING
from compliance.records.services import records_erase
from tests.races.race import race

pytestmark = pytest.mark.usefixtures("committed_db")
RACES = 12
NAMES = [f"s-{number:04d}" for number in range(600)]


@pytest.fixture(autouse=True)
def subjects(committed_db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many more than are locked by one statement."""
    monkeypatch.setattr(classes, "BATCH", 100)
    Subject.objects.bulk_create(Subject(external_id=name) for name in NAMES)


def setting(folder: Path, seed: int) -> Callable[[], object]:
    """Return what sets the classes of all, in an order of its own."""
    names = random.Random(seed).sample(NAMES, len(NAMES))
    file = folder / f"{seed}.csv"
    file.write_text("subject,class\n" + "".join(f"{name},c{seed}\n" for name in names))
    return lambda: classes_set(file, rejects=folder / f"{seed}.rejects")


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
