"""Who is restricted, and which of their records are parked: what others ask."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from compliance.keyring import Key, keyed_digest
from compliance.records.models import Restriction, Subject
from compliance.records.scope import EVERYTHING, Scope
from compliance.sealing import unseal


@dataclass(frozen=True)
class Restricted:
    """One restriction in clear. Personal data."""

    pk: int
    external_id: str
    scope: Scope

    @classmethod
    def of(cls, row: Restriction) -> Self:
        """Return what a row says; raise `cryptography.fernet.InvalidToken` under another key."""
        scope = EVERYTHING if row.scope is None else Scope.from_json(json.loads(unseal(row.scope)))
        return cls(row.pk, unseal(row.identity).decode(), scope)


def restriction_tag(external_id: str) -> bytes:
    """Return the keyed digest by which a subject's restrictions are found."""
    return keyed_digest(Key.BLIND_INDEX, external_id)


def is_restricted(external_id: str) -> bool:
    """Tell whether the subject has a restriction."""
    return Restriction.objects.filter(tag=restriction_tag(external_id)).exists()


def restrictions(external_id: str | None = None) -> list[Restricted]:
    """Return all restrictions, or those of one subject, the oldest first."""
    rows = Restriction.objects.order_by("pk")
    if external_id is not None:
        rows = rows.filter(tag=restriction_tag(external_id))
    return [Restricted.of(row) for row in rows]


def restricted_subjects() -> list[int]:
    """Return the row ids of the restricted subjects that are known, in order."""
    names = {each.external_id for each in restrictions()}
    known = Subject.objects.filter(external_id__in=names)
    return sorted(known.values_list("pk", flat=True)) if names else []


def first_covering(found: Iterable[Restricted], item: str, at: datetime) -> Restricted | None:
    """Return the first of these restrictions that the record of this item at this time is in."""
    return next((each for each in found if each.scope.covers(item, at)), None)
