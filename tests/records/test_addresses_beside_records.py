"""An address that is taken away beside records that come in: no record loses its subject."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from threading import Event

import pytest
from django.db import transaction

from compliance.records.contacts import ContactRow, contacts_put
from compliance.records.importing.contacts import import_contacts
from compliance.records.intake import Interacted, Outcome, interactions_take
from compliance.records.models import Interaction, Item, Subject
from compliance.records.services import ingest_lock
from tests.races.race import after, held, race

SENT = [Interacted("alice", "film", Decimal(4), datetime(2024, 1, 1, tzinfo=UTC))]


@pytest.fixture(autouse=True)
def reachable(committed_db: None) -> None:
    """Alice, of whom nothing is known but her address."""
    Item.objects.create(external_id="film", title="Film")
    contacts_put([ContactRow("alice", "alice@example.org", "en")])


def test_a_subject_whose_first_record_comes_in_stays_without_its_address() -> None:
    begun = Event()
    taking = held(lambda: interactions_take(SENT), begun)
    away = [ContactRow("alice", None, "")]
    both = race(taking, after(begun, lambda: contacts_put(away)))
    assert [one.error for one in both] == [None, None]
    assert [one.outcome for one in interactions_take(SENT)] == [Outcome.UNCHANGED]
    assert (Subject.objects.get().contact, Interaction.objects.count()) == (None, 1)


def test_a_file_that_takes_addresses_away_waits_for_no_circle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken by an import that takes a stronger lock after its first lines."""
    monkeypatch.setattr("compliance.records.importing.contacts.BATCH", 1)
    begun, file = Event(), tmp_path / "contacts.csv"
    file.write_text("subject,email,language\nalice,a@example.org,\nbob,,\n")

    def put() -> None:
        with transaction.atomic():
            held(ingest_lock, begun)()
            contacts_put([ContactRow("alice", "b@example.org", "en")])

    reading = after(begun, lambda: import_contacts(file, rejects=tmp_path / "rejects"))
    both = race(put, reading)
    assert [one.error for one in both] == [None, None]
