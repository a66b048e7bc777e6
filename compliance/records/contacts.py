"""How a subject can be reached, as the controller has supplied it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from cryptography.fernet import InvalidToken
from django.db import transaction

from compliance.records.models import Subject
from compliance.records.services import ingest_lock, ingest_stop, subjects_lock
from compliance.records.suppression import refusals
from compliance.sealing import seal, unseal


class Contact(NamedTuple):
    """A mail address, and the language to write in ("" if unknown). Personal data."""

    address: str
    language: str


def contact_of(external_id: str) -> Contact | None:
    """Return how to reach the subject; None if it is unknown or without an address we can read."""
    row = Subject.objects.filter(external_id=external_id).values_list("contact", "language").first()
    if row is None or row[0] is None:
        return None
    address = _opened(row[0])
    return Contact(address, row[1]) if address else None


class Outcome(StrEnum):
    """What became of a line."""

    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    ERASED = "erased"  # all of the subject was erased, and nothing new has come of it since


class ContactRow(NamedTuple):
    """What the controller says of one subject; no address means that it has none."""

    subject: str
    address: str | None
    language: str


def contacts_lock(rows: Iterable[ContactRow]) -> None:
    """Let these rows be put until this transaction ends.

    Where an address goes, its subject may go, and records that come in just then would lose it:
    it waits for those, and they for it. Whoever puts rows in several parts calls this with all of
    them first: a part that needed more than the one before could wait for another in a circle.
    """
    if all(row.address for row in rows):
        ingest_lock()
    else:
        ingest_stop()


@transaction.atomic
def contacts_put(rows: Sequence[ContactRow]) -> list[Outcome]:
    """Put these addresses and languages in place of what is there; return what became of each.

    No two rows may be of one subject. One that is unknown becomes known if it has an address, but
    not one that was erased; one of which nothing else is known goes with its address.
    """
    contacts_lock(rows)
    names = [row.subject for row in rows]
    known = subjects_lock(names)
    erased = _erased(name for name in names if name not in known)
    outcomes = [_outcome(row, known, erased) for row in rows]
    changed = (Outcome.CREATED, Outcome.CHANGED)
    _write([row for row, what in zip(rows, outcomes, strict=True) if what in changed])
    return outcomes


def _outcome(row: ContactRow, known: Mapping[str, Subject], erased: Collection[str]) -> Outcome:
    if row.subject in erased:
        return Outcome.ERASED
    subject = known.get(row.subject)
    if subject is None:
        return Outcome.CREATED if row.address else Outcome.UNCHANGED
    address = None if subject.contact is None else _opened(subject.contact)
    is_same = (address, subject.language) == (row.address, row.language)
    return Outcome.UNCHANGED if is_same else Outcome.CHANGED


def _opened(sealed: bytes | memoryview) -> str:
    """Return an address; nothing where the key is another one: requests have to come in still."""
    try:
        return unseal(sealed).decode()
    except InvalidToken:
        return ""


def _erased(names: Iterable[str]) -> set[str]:
    """Return those of `names` of whom everything was erased."""
    return {refused.external_id for refused in refusals(names) if refused.is_whole}


def _write(rows: Sequence[ContactRow]) -> None:
    Subject.objects.bulk_create(
        (
            Subject(
                external_id=row.subject,
                contact=seal(row.address) if row.address else None,
                language=row.language,
            )
            for row in sorted(rows, key=lambda row: row.subject)
        ),
        update_conflicts=True,
        unique_fields=["external_id"],
        update_fields=["contact", "language"],
    )
    unreachable = Subject.objects.filter(
        external_id__in=[row.subject for row in rows if not row.address]
    )
    unreachable.filter(interactions=None).delete()
