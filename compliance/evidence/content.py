"""Gather what a certificate says from what the database holds."""

import uuid
from datetime import datetime
from itertools import chain
from typing import Any

from django.conf import settings
from django.db.models import F

from compliance.canonical import json_digest
from compliance.erasure.identity import identity_decrypt, request_scope
from compliance.erasure.models import ErasureRequest, Outcome, TouchedShard
from compliance.evidence.statement import (
    CertificateContent,
    Decision,
    DestroyedArtefact,
    Environment,
    Exactness,
    Manifest,
    ManifestProof,
    Model,
    OtherAdapter,
    OtherLeaf,
    Replay,
    ReplayResult,
    Request,
    RetrainedShard,
    StoreScope,
    SubjectCommitment,
)
from compliance.keyring import Key, key_digest
from compliance.provenance.leaves import manifest_proof
from compliance.provenance.manifests import shard_manifest
from compliance.provenance.models import Adapter, Checkpoint, Plan, Release
from compliance.provenance.releases import live_release
from compliance.records.models import Interaction
from compliance.records.services import records_in


class NotReadyError(Exception):
    """The request has not come to the point that a certificate could speak of."""


def certificate_content(request: ErasureRequest, *, now: datetime) -> CertificateContent:
    """Return what is certified about a request whose adapters are all active again.

    Raise `NotReadyError` if one is not. The caller holds the serving lock.
    """
    if request.decided_at is None:
        raise NotReadyError(f"{request} has not been decided.")
    pairs = [(touched, _successor(touched)) for touched in _touched(request)]
    return CertificateContent(
        id=uuid.uuid4(),
        issuer=settings.ISSUER,
        issued_at=now,
        request=Request(
            id=str(request.pk),
            channel=request.channel,
            received_at=request.clock_start,
            decided_at=request.decided_at,
            completed_at=now,
            due_on=request.due_on,
            time_zone=settings.TIME_ZONE,
        ),
        decision=_decision(request),
        subject=SubjectCommitment(
            commitment=request.subject_commitment, key_digest=key_digest(Key.COMMITMENT)
        ),
        scope=(_interactions(request),),
        model=_model(request, pairs),
        derived=tuple(chain.from_iterable(_destroyed(*pair) for pair in pairs)),
    )


def _decision(request: ErasureRequest) -> Decision:
    if request.outcome != Outcome.PARTIAL:
        return Decision(ground=request.ground)
    return Decision(ground=request.ground, outcome="partly-erased", refused=request.answer.article)


def _touched(request: ErasureRequest) -> list[TouchedShard]:
    return list(request.touched.select_related("plan").order_by("shard"))


def _successor(touched: TouchedShard) -> Adapter:
    adapter = touched.successor()
    if adapter is None or adapter.state != "active":
        raise NotReadyError(f"{touched}: no adapter that is free of the records is active yet.")
    return adapter


def _interactions(request: ErasureRequest) -> StoreScope:
    """Count again what is left of the records that the approval covered: it must be none."""
    in_scope = records_in(identity_decrypt(request.identity), request_scope(request))
    remaining = Interaction.objects.filter(
        pk__in=in_scope, ingested_at__lte=request.decided_at
    ).count()
    erased = request.erased_interactions or 0
    return StoreScope(
        store="interactions", found=erased + remaining, erased=erased, remaining=remaining
    )


def _model(request: ErasureRequest, pairs: list[tuple[TouchedShard, Adapter]]) -> Model | None:
    """Return the model's side; None where no adapter has been released yet."""
    release = _release_of([adapter for _, adapter in pairs])
    served = release.checkpoints.select_related("adapter").first() if release else None
    if release is None or served is None:
        return None
    after = manifest_proof(release, identity_decrypt(request.identity))
    retrained = {touched.shard for touched, _ in pairs}
    environment = (pairs[0][1] if pairs else served.adapter).environment
    return Model(
        base=release.manifest["base"],
        plan=release.manifest["plan"],
        exactness=_exactness(release.plan),
        environment=Environment(fingerprint=json_digest(environment), canary=environment["canary"]),
        shards=tuple(_retrained(*pair) for pair in pairs),
        other_adapters=tuple(
            OtherAdapter(shard=entry["shard"], digest=entry["adapter"])
            for entry in release.manifest["shards"]
            if entry["shard"] not in retrained
        ),
        release_before=request.release_before or None,
        release_interim=request.release_interim or None,
        release_after=release.digest,
        proof_before=_proof(request.proof_before) if after else None,
        proof_after=_proof(after),
    )


def _exactness(plan: Plan) -> Exactness:
    """Return what is claimed: a partition that looked at everybody is given and not undone."""
    return Exactness.FROZEN_PARTITION if plan.looks_at_everybody else Exactness.AS_IF_NEVER


def _release_of(adapters: list[Adapter]) -> Release | None:
    """Return the live release, which the certificate is about: it serves all these adapters."""
    release, _ = live_release()
    served = release.checkpoints.values_list("adapter_id", flat=True) if release else []
    if not {adapter.pk for adapter in adapters} <= set(served):
        raise NotReadyError("An adapter that is free of the records is active and not served yet.")
    return release


def _proof(values: dict[str, Any] | None) -> ManifestProof | None:
    """Return a proof as `manifest_proof` gave it."""
    if values is None:
        return None
    other = OtherLeaf(**values["other"]) if values["other"] else None
    return ManifestProof(**values | {"other": other, "siblings": tuple(values["siblings"])})


def _retrained(touched: TouchedShard, adapter: Adapter) -> RetrainedShard:
    before, after = shard_manifest(touched.manifest_before), shard_manifest(adapter.manifest)
    return RetrainedShard(
        shard=touched.shard,
        first_slice_retrained=touched.first_slice,
        manifest_before=Manifest(digest=before.root, records=before.records),
        manifest_after=Manifest(digest=after.root, records=after.records),
        adapter_before=touched.adapter_before or None,
        adapter_after=adapter.digest,
        removed_commitments=tuple(touched.removed_commitments()),
        removed_for_others=_removed_for_others(touched, adapter),
        added=_sum(touched, adapter, "records_added"),
        withdrawn=_sum(touched, adapter, "records_withdrawn"),
        replay=Replay(
            result=ReplayResult(adapter.replay),
            trainer=adapter.trainer,
            environment=json_digest(adapter.replay_environment) if adapter.replayer else None,
            replayer=adapter.replayer or None,
        ),
    )


def _removed_for_others(touched: TouchedShard, adapter: Adapter) -> int:
    """Count the records that later approvals took out before this adapter was trained."""
    later = TouchedShard.objects.filter(
        plan=touched.plan,
        shard=touched.shard,
        pk__gt=touched.pk,
        generation__lte=adapter.generation,
    )
    return sum(len(other.removed_commitments()) for other in later)


def _sum(touched: TouchedShard, adapter: Adapter, counter: str) -> int:
    """Add up a counter of the generations from the approval's to this adapter's."""
    generations = touched.plan.adapters.filter(
        shard=touched.shard, generation__range=(touched.generation, adapter.generation)
    )
    return sum(generations.values_list(counter, flat=True))


def _destroyed(touched: TouchedShard, adapter: Adapter) -> list[DestroyedArtefact]:
    """List the weights that had seen the touched slice and are gone; one entry a digest.

    Where the subject only moved in, no weights had seen the records.
    """
    if not touched.removed:
        return []
    kept = Checkpoint.objects.clean().values("digest")
    rows = (
        Checkpoint.objects.filter(
            adapter__plan=touched.plan,
            adapter__shard=touched.shard,
            adapter__generation__lt=adapter.generation,
            slice__gte=touched.first_slice,
            destroyed_at__gte=F("quarantined_at"),
            quarantined_at__gte=touched.request.decided_at,
        )
        .exclude(digest__in=kept)
        .order_by("digest", "-destroyed_at")
        .distinct("digest")
    )
    return [
        DestroyedArtefact(kind="checkpoint", digest=row.digest, destroyed_at=row.destroyed_at)
        for row in rows
        if row.destroyed_at
    ]
