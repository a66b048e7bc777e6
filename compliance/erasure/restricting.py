"""What an erasure trains anew is trained without those who are restricted by then (Art. 18)."""

from collections.abc import Iterable
from dataclasses import replace

from compliance.erasure.models import ErasureRequest
from compliance.erasure.touching import Touch
from compliance.provenance.adapters import shard_sync, shards_leave
from compliance.provenance.models import Plan
from compliance.provenance.placement import Left, restricted_withdraw
from compliance.records.services import ingest_lock


def restricted_leave(plan: Plan, touches: Iterable[Touch]) -> list[Touch]:
    """Take the restricted subjects out of the touched shards and out of the validation set.

    What they had taught is out of service at once. Returns the touches with what left besides.
    Call it with the ingest lock held, before the retraining is queued and the release published.
    """
    touches = list(touches)
    left = restricted_withdraw(plan, [touch.shard for touch in touches])
    shards_leave(plan=plan, left=left)
    return [_with(touch, left.get(touch.shard)) for touch in touches]


def shards_resume(request: ErasureRequest) -> None:
    """Queue again what a failed request's shards lack, without those restricted by now."""
    ingest_lock()
    for touched in request.touched.select_related("plan"):
        left = restricted_withdraw(touched.plan, [touched.shard])
        shards_leave(plan=touched.plan, left=left)
        shard_sync(
            plan=touched.plan,
            shard=touched.shard,
            needs_replay=True,
            withdrawn=left[touched.shard].records if touched.shard in left else 0,
        )


def _with(touch: Touch, left: Left | None) -> Touch:
    if left is None:
        return touch
    return replace(
        touch,
        slice=min(touch.slice, left.first_slice),
        withdrawn=touch.withdrawn + left.records,
    )
