"""What a shard's quarantine means until it is retrained: how long, and how much worse."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from compliance.jobs.models import Job, JobState
from compliance.provenance.adapters import REPLAY, TRAIN
from compliance.provenance.models import Checkpoint, ErrorRow, Plan, Prompt
from compliance.provenance.releases import REFIT

RECENT = 20  # jobs of a kind that an estimate looks at


@dataclass(frozen=True)
class Outlook:
    """prompts: to be trained anew; minutes: until the answer, None if no training was timed yet;
    error_ratio: error of what serves meanwhile, over that of what serves now, on the validation
    people; None where either is not known or nothing of the shard serves meanwhile.
    """

    prompts: int
    minutes: float | None
    error_ratio: float | None


def shard_outlook(
    plan: Plan, shard: int, first_slice: int, now: Checkpoint | None, meanwhile: Checkpoint | None
) -> Outlook:
    """Return what to expect if `shard` is trained anew from `first_slice` on."""
    prompts = Prompt.objects.filter(plan=plan, shard=shard, slice__gte=first_slice).count()
    before = _mean_error(now.digest) if now else None
    after = _mean_error(meanwhile.digest) if meanwhile else None
    ratio = after / before if before and after is not None else None
    return Outlook(prompts, _minutes(prompts), ratio)


def _minutes(prompts: int) -> float | None:
    """Training, its replay, and the refit, as fast as the last ones went."""
    rates = [_prompts_per_second(kind) for kind in (TRAIN, REPLAY)]
    if None in rates:
        return None
    seconds = sum(prompts / rate for rate in rates if rate) + (_mean_seconds(REFIT) or 0.0)
    return seconds / 60


def _recent(kind: str) -> list[tuple[int, float]]:
    """Return the progress total and the seconds of the latest jobs of a kind that succeeded."""
    jobs = Job.objects.filter(kind=kind, state=JobState.SUCCEEDED, started_at__isnull=False)
    rows = jobs.order_by("-finished_at").values_list("progress_total", "started_at", "finished_at")
    return [
        (total, (ended - began).total_seconds())
        for total, began, ended in rows[:RECENT]
        if began and ended
    ]


def _prompts_per_second(kind: str) -> float | None:
    recent = [(total, seconds) for total, seconds in _recent(kind) if total]
    spent = sum(seconds for _, seconds in recent)
    return sum(total for total, _ in recent) / spent if spent else None


def _mean_seconds(kind: str) -> float | None:
    recent = _recent(kind)
    return sum(seconds for _, seconds in recent) / len(recent) if recent else None


def _mean_error(weights: str) -> float | None:
    """Return the mean error of these weights over all validation prompts that it is known of."""
    known = ErrorRow.objects.filter(weights=weights)
    newest = known.order_by("-pk").values_list("pk", flat=True).first()
    return _mean_error_of(weights, known.count(), newest) if newest else None


@lru_cache(maxsize=256)
def _mean_error_of(weights: str, count: int, newest: int) -> float | None:
    rows = ErrorRow.objects.filter(weights=weights).values_list("errors", flat=True)
    errors = np.frombuffer(b"".join(bytes(row) for row in rows), "<i4")
    return float(errors.mean()) if errors.size else None
