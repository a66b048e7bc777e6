"""Erase a subject's records, and keep them from coming back."""

from datetime import datetime

from django.db import connection
from django.db.models.functions import Greatest

from compliance.keyring import Key, keyed_digest
from compliance.records.models import Interaction, Subject, Suppression

# Any number that nothing else in this database uses as an advisory lock.
INGEST_LOCK = 0x4C65_7468


def suppression_tag(external_id: str) -> bytes:
    """Return the keyed digest that stands for a subject in the suppression list."""
    return keyed_digest(Key.SUPPRESSION, external_id)


def ingest_lock() -> None:
    """Let this transaction add interactions: an erasure waits for it, and it for an erasure.

    Without it an erasure could miss the rows of an import that has not committed yet.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [INGEST_LOCK])


def subject_erase(*, external_id: str, at: datetime) -> int:
    """Delete a subject with all that hangs on it, and suppress its records dated up to `at`.

    Returns the number of interactions deleted, 0 for an unknown subject. Call it in a transaction.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [INGEST_LOCK])
    _suppress(external_id, at)
    subject = Subject.objects.select_for_update().filter(external_id=external_id).first()
    if subject is None:
        return 0
    erased = Interaction.objects.filter(subject=subject).count()
    subject.delete()
    return erased


def _suppress(external_id: str, at: datetime) -> None:
    entry, created = Suppression.objects.get_or_create(
        tag=suppression_tag(external_id), defaults={"until": at}
    )
    if not created:
        Suppression.objects.filter(pk=entry.pk).update(until=Greatest("until", at))
