"""What an approval would do, and the digest by which it is approved.

The digest is over the scope, the records in it, the shards and slices that learned from them, and
the plan; so it changes with any of them, and not with estimates, generations or parked records.
Its parts are keyed: who holds the digests alone learns nothing of the person.
"""

import json
from dataclasses import dataclass

from django.db.models import Q

from compliance.canonical import canonical_json, json_digest
from compliance.erasure.identity import identity_decrypt, scope_decrypt
from compliance.erasure.models import ErasureRequest, Preview
from compliance.keyring import Key, keyed_digest
from compliance.provenance.learning import Learning, Touched, subject_learning, subject_touched
from compliance.provenance.manifests import record_commitment, subject_secret
from compliance.provenance.models import Checkpoint
from compliance.provenance.outlook import Outlook, shard_outlook
from compliance.provenance.plans import active_plan_digest
from compliance.records.models import Subject
from compliance.records.parking import parked_count
from compliance.records.scope import Scope
from compliance.records.services import Record, records_of

PARTS = ("scope", "records", "shards", "plan")


@dataclass(frozen=True)
class Impact:
    """learning: what learned from the records, by count and place; parked: records that wait and
    would go too; outlook: None where no adapter is retrained.
    """

    digest: str
    learning: Learning
    parked: int
    outlook: Outlook | None


def impact_of(request: ErasureRequest, part: Scope | None = None) -> Impact:
    """Return what approving the request, or only `part` of it, would do, as things stand now.

    The preview is kept by its digest, so that an approval can say what has changed since. Raises
    `IdentityGoneError` for an answered request, `InvalidToken` under another identity key.
    """
    external_id = identity_decrypt(request.identity)
    scope = part or scope_decrypt(request.scope)
    found = _find(external_id, scope)
    parts = _parts(request, external_id, scope, found)
    digest = impact_digest(parts)
    Preview.objects.get_or_create(request=request, digest=digest, defaults={"parts": parts})
    learning = subject_learning(found.subject, found.gone, found.touched)
    return Impact(
        digest=digest,
        learning=learning,
        parked=parked_count(external_id, scope),
        outlook=_outlook(learning),
    )


def impact_parts(request: ErasureRequest, external_id: str, scope: Scope) -> dict[str, str]:
    """Return the keyed digest of each part of what an approval would do."""
    return _parts(request, external_id, scope, _find(external_id, scope))


@dataclass(frozen=True)
class _Found:
    """The subject, its records in scope, and what learned from them."""

    subject: Subject | None
    records: list[Record]
    touched: Touched | None

    @property
    def gone(self) -> list[int]:
        return [record.pk for record in self.records]


def _find(external_id: str, scope: Scope) -> _Found:
    subject = Subject.objects.filter(external_id=external_id).first()
    records = records_of(external_id, scope) if subject else []
    gone = [record.pk for record in records]
    return _Found(subject, records, subject_touched(subject, gone) if subject else None)


def _parts(
    request: ErasureRequest, external_id: str, scope: Scope, found: _Found
) -> dict[str, str]:
    secret, touched = subject_secret(external_id), found.touched
    commitments = sorted(
        record_commitment(secret, record.item, record.at, record.rating).hex()
        for record in found.records
    )
    contents = {
        "scope": canonical_json(scope.to_json()).decode(),
        "records": json.dumps(commitments),
        "shards": json.dumps([touched.shard, touched.slice, touched.rest] if touched else []),
        "plan": active_plan_digest(),
    }
    return {
        name: keyed_digest(Key.COMMITMENT, "preview", str(request.pk), name, contents[name]).hex()
        for name in PARTS
    }


def impact_digest(parts: dict[str, str]) -> str:
    """Return the digest of all parts."""
    return json_digest(parts)


def parts_changed(request: ErasureRequest, digest: str, parts: dict[str, str]) -> list[str]:
    """Return which parts differ from the preview with this digest; none if there was none."""
    preview = Preview.objects.filter(request=request, digest=digest).first()
    if preview is None:
        return []
    return [name for name in PARTS if preview.parts.get(name) != parts[name]]


def _outlook(learning: Learning) -> Outlook | None:
    if learning.plan is None or learning.shard is None or learning.slice is None:
        return None
    newest = Checkpoint.objects.clean().filter(
        Q(adapter=learning.adapter), adapter__plan=learning.plan
    )
    first = learning.clean.slice + 1 if learning.clean else 0
    return shard_outlook(
        learning.plan,
        learning.shard,
        first,
        newest.order_by("-slice").first(),
        learning.clean,
    )
