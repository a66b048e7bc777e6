"""The list of what was erased is taken after a restore while records and addresses come in."""

from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO
from pathlib import Path
from threading import Event

import pytest
from django.core.management import call_command
from django.db import transaction

from compliance.erasure.models import ErasureRequest
from compliance.records.contacts import ContactRow, contacts_put
from compliance.records.intake import Interacted, interactions_take
from compliance.records.models import Item, Subject
from compliance.records.scope import EVERYTHING
from compliance.records.services import ingest_lock, records_erase
from tests.races.race import after, held, race

BEFORE, ERASED = datetime(2024, 6, 1, tzinfo=UTC), datetime(2025, 6, 1, tzinfo=UTC)
SENT = [Interacted("alice", "film", Decimal(4), BEFORE)]


@pytest.fixture
def kept(committed_db: None, tmp_path: Path) -> Path:
    """The list that says that Alice was erased; the database does not know it."""
    Item.objects.create(external_id="film", title="Film")
    out, path = StringIO(), tmp_path / "list"
    with transaction.atomic():
        records_erase(external_id="alice", scope=EVERYTHING, at=ERASED)
        call_command("suppression", stdout=out)
        transaction.set_rollback(True)
    path.write_text(out.getvalue())
    return path


def test_what_comes_in_meanwhile_is_found_too(kept: Path) -> None:
    begun = Event()
    coming = held(lambda: interactions_take(SENT), begun)
    both = race(coming, after(begun, lambda: call_command("suppression", take=kept)))
    assert [one.error for one in both] == [None, None]
    assert ErasureRequest.objects.get().source == "restore"


def test_addresses_that_come_in_meanwhile_wait_for_no_circle(kept: Path) -> None:
    interactions_take(SENT)
    begun = Event()

    def put() -> None:
        with transaction.atomic():
            held(ingest_lock, begun)()
            contacts_put([ContactRow("alice", "alice@example.org", "en")])

    both = race(put, after(begun, lambda: call_command("suppression", take=kept)))
    assert [one.error for one in both] == [None, None]
    assert Subject.objects.get().contact is None
