"""A list is taken while an import is under way, each on a connection of its own."""

import json
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from time import sleep

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from compliance.erasure.models import ErasureRequest
from compliance.records.models import Interaction, Item, Subject
from compliance.records.services import ingest_lock
from compliance.records.suppression import suppression_tag

BEFORE, ERASED = (datetime(year, 6, 1, tzinfo=UTC) for year in (2024, 2025))


@pytest.fixture
def kept(tmp_path: Path, committed_db: None) -> Path:
    """A list that has all of Alice."""
    tag, path = suppression_tag("alice").hex(), tmp_path / "list"
    entry = {"tag": tag, "part": "", "since": None, "until": ERASED.isoformat()}
    path.write_text("\n".join(map(json.dumps, (entry, {"entries": 1}))))
    return path


def alice_comes_in() -> None:
    item = Item.objects.create(external_id="a", title="A")
    alice = Subject.objects.create(external_id="alice")
    Interaction.objects.create(subject=alice, item=item, rating=4, occurred_at=BEFORE)


def take(path: Path) -> None:
    try:
        call_command("suppression", take=path, verbosity=0)
    finally:
        connection.close()


def test_what_an_import_under_way_brings_is_asked_for_too(kept: Path) -> None:
    taking = Thread(target=take, args=(kept,))
    with transaction.atomic():
        ingest_lock()
        alice_comes_in()
        taking.start()
        sleep(1.5)
    taking.join(30)
    assert ErasureRequest.objects.get().source == "restore"
