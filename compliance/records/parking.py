"""Parked records: what came in for a restricted subject waits, encrypted, for the decision."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

from compliance.canonical import canonical_json
from compliance.keyring import Key, keyed_digest
from compliance.records.models import Interaction, Item, ParkedInteraction, Subject
from compliance.records.restricted import (
    Restricted,
    first_covering,
    restriction_tag,
    restrictions,
)
from compliance.records.scope import Scope
from compliance.records.suppression import refusals
from compliance.sealing import seal, unseal


class Parked(NamedTuple):
    """A record that waits."""

    item: str
    rating: Decimal
    at: datetime


def parked_tag(external_id: str, item: str, at: datetime) -> bytes:
    """Return the keyed digest that stands for one record of one subject."""
    moment = at.astimezone(UTC).isoformat()
    return keyed_digest(Key.BLIND_INDEX, "parked", external_id, item, moment)


def parked_add(external_id: str, restriction: int, record: Parked) -> Decimal | None:
    """Park a record under a restriction; return the rating of the one that is there already.

    None says that the record is new. The caller holds the ingest lock.
    """
    row, created = ParkedInteraction.objects.get_or_create(
        tag=parked_tag(external_id, record.item, record.at),
        defaults={"restriction_id": restriction, "content": _sealed(record)},
    )
    return None if created else _record(row).rating


def parked_count(external_id: str, scope: Scope) -> int:
    """Count what is parked of a subject in `scope`, under whichever restriction."""
    return len(_parked_in(external_id, scope))


def parked_erase(external_id: str, scope: Scope) -> int:
    """Delete what is parked of a subject in `scope`, under whichever restriction."""
    gone = _parked_in(external_id, scope)
    ParkedInteraction.objects.filter(pk__in=gone).delete()
    return len(gone)


def _parked_in(external_id: str, scope: Scope) -> list[int]:
    rows = ParkedInteraction.objects.filter(restriction__tag=restriction_tag(external_id))
    return [pk for pk, record in _records(rows) if scope.covers(record.item, record.at)]


def parked_release(lifted: Restricted) -> int:
    """Store what is parked under a restriction that ends; return how many records came back.

    What another restriction of the subject covers is parked under that one from now on; what is
    suppressed by now is dropped.
    """
    others = [each for each in restrictions(lifted.external_id) if each.pk != lifted.pk]
    free: list[Parked] = []
    for pk, record in _records(ParkedInteraction.objects.filter(restriction=lifted.pk)):
        if other := first_covering(others, record.item, record.at):
            ParkedInteraction.objects.filter(pk=pk).update(restriction=other.pk)
        else:
            free.append(record)
    return _store(lifted.external_id, list(_welcome(lifted.external_id, free)))


def _store(external_id: str, records: Sequence[Parked]) -> int:
    """Insert records as an import would; an item that has left the catalogue is left out."""
    found = Item.objects.filter(external_id__in={record.item for record in records})
    items = dict(found.values_list("external_id", "pk"))
    kept = [record for record in records if record.item in items]
    if not kept:
        return 0
    subject, _ = Subject.objects.get_or_create(external_id=external_id)
    before = subject.interactions.count()
    Interaction.objects.bulk_create(
        (
            Interaction(
                subject=subject,
                item_id=items[record.item],
                rating=record.rating,
                occurred_at=record.at,
            )
            for record in kept
        ),
        ignore_conflicts=True,
    )
    return subject.interactions.count() - before


def _welcome(external_id: str, records: Iterable[Parked]) -> Iterator[Parked]:
    """Yield the records that the suppression list lets in."""
    refused = next(refusals([external_id]), None)
    for record in records:
        if refused is None or not refused.refuses(record.item, record.at):
            yield record


def _records(rows: Iterable[ParkedInteraction]) -> Iterator[tuple[int, Parked]]:
    """Yield row id and content of each of `rows`."""
    for row in rows:
        yield row.pk, _record(row)


def _sealed(record: Parked) -> bytes:
    return seal(canonical_json([record.item, f"{record.rating:.2f}", record.at.isoformat()]))


def _record(row: ParkedInteraction) -> Parked:
    item, rating, at = json.loads(unseal(row.content))
    return Parked(item, Decimal(rating), datetime.fromisoformat(at))
