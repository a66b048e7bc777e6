"""Restriction (GDPR Art. 18): while a request is open nothing more is done with what it is about.

No refresh takes the subject into training, recommendations do as if it had no history, and records
that come in inside the request's scope are parked. A subject may have several open requests: each
has its own restriction, and what two of them cover is parked until the last is lifted.
"""

import uuid

from compliance.canonical import canonical_json
from compliance.records.models import Restriction
from compliance.records.parking import parked_erase, parked_release
from compliance.records.restricted import Restricted, restriction_tag
from compliance.records.scope import EVERYTHING, Scope
from compliance.records.services import ingest_stop
from compliance.sealing import seal


def restriction_begin(*, external_id: str, request_id: uuid.UUID, scope: Scope) -> None:
    """Restrict a subject, known or unknown alike, from when this transaction ends.

    It waits for the imports and refreshes under way; later ones see it. A second call for the
    same request changes nothing.
    """
    ingest_stop()
    Restriction.objects.get_or_create(
        request_id=request_id,
        defaults={
            "tag": restriction_tag(external_id),
            "identity": seal(external_id),
            "scope": None if scope == EVERYTHING else seal(canonical_json(scope.to_json())),
        },
    )


def restriction_end(*, request_id: uuid.UUID) -> int:
    """Lift the restriction of a request, if there is one; return how many records came back.

    What another restriction covers stays parked under that one, and what was erased meanwhile
    stays out.
    """
    ingest_stop()
    lifted = _find(request_id)
    return _lift(lifted) if lifted else 0


def restriction_drop(*, request_id: uuid.UUID, scope: Scope | None = None) -> int:
    """End the restriction of an approved request; return how many parked records are erased.

    They are those in `scope`, which is what was decided and by default what was asked for, of all
    that is parked of the subject. The others come back as `restriction_end` has it.
    """
    ingest_stop()
    approved = _find(request_id)
    if approved is None:
        return 0
    erased = parked_erase(approved.external_id, approved.scope if scope is None else scope)
    _lift(approved)
    return erased


def _find(request_id: uuid.UUID) -> Restricted | None:
    row = Restriction.objects.filter(request_id=request_id).first()
    return Restricted.of(row) if row else None


def _lift(restricted: Restricted) -> int:
    restored = parked_release(restricted)
    Restriction.objects.filter(pk=restricted.pk).delete()
    return restored
