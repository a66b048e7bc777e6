"""Erase a subject's records, and keep them from coming back."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.db import connection
from django.db.models.functions import Collate

from compliance.records.models import Interaction, Subject
from compliance.records.scope import EVERYTHING, Scope
from compliance.records.suppression import suppress

# Any number that nothing else in this database uses as an advisory lock.
INGEST_LOCK = 0x4C65_7468


def ingest_lock() -> None:
    """Let this transaction add interactions: an erasure waits for it, and it for an erasure.

    Without it an erasure could miss the rows of an import that has not committed yet.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [INGEST_LOCK])


def ingest_stop() -> None:
    """Let no interaction come in until this transaction ends, and wait for those under way."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [INGEST_LOCK])


def subjects_lock(external_ids: Iterable[str]) -> dict[str, Subject]:
    """Lock those of these subjects that are known, and return them by name.

    One after the other in the order of their characters, whatever the database's own order is.
    All that locks or adds several subjects does so, or two could wait for each other. Their keys
    stay free: whoever adds their records must be able to commit them.
    """
    found = Subject.objects.select_for_update(no_key=True).filter(external_id__in=external_ids)
    ordered = found.order_by(Collate("external_id", "C"))
    return {subject.external_id: subject for subject in ordered}


class Record(NamedTuple):
    """One record of a subject: its row id and its content. Personal data."""

    pk: int
    item: str
    at: datetime
    rating: Decimal


def records_of(external_id: str, scope: Scope) -> list[Record]:
    """Return the subject's records in `scope`; none for an unknown subject."""
    rows = Interaction.objects.filter(subject__external_id=external_id).values_list(
        "pk", "item__external_id", "occurred_at", "rating"
    )
    return [Record(*row) for row in rows if scope.covers(row[1], row[2])]


def records_in(external_id: str, scope: Scope) -> list[int]:
    """Return the row ids of the subject's records in `scope`; none for an unknown subject."""
    return [record.pk for record in records_of(external_id, scope)]


def records_erase(*, external_id: str, scope: Scope, at: datetime) -> int:
    """Delete a subject's records in `scope`, and suppress those of them dated up to `at`.

    The subject goes with its last record, and all that hangs on it; one that can be reached stays
    until everything goes. Returns the number of records deleted, 0 for an unknown subject. Call it
    in a transaction.
    """
    ingest_stop()
    suppress(external_id, scope, at)
    subject = Subject.objects.select_for_update().filter(external_id=external_id).first()
    if subject is None:
        return 0
    erased = records_in(external_id, scope)
    Interaction.objects.filter(pk__in=erased).delete()
    is_needed = subject.contact is not None and scope != EVERYTHING
    if not is_needed and not subject.interactions.exists():
        subject.delete()
    return len(erased)
