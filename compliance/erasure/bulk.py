"""The same step with many requests, each in a transaction of its own: none stops another."""

import logging
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from django.db import transaction

from compliance.erasure.errors import StepError
from compliance.erasure.identity import IdentityGoneError
from compliance.erasure.models import ErasureRequest
from compliance.erasure.states import IllegalTransitionError

logger = logging.getLogger(__name__)


class Outcome(StrEnum):
    """How the step went with one request."""

    DONE = "done"  # or would be done, in a dry run
    REFUSED = "refused"
    UNKNOWN = "unknown"  # there is no request with this id
    FAILED = "failed"  # the server's log says where
    LEFT = "left"  # the time was over


@dataclass(frozen=True)
class Result:
    request_id: UUID
    outcome: Outcome
    error: Exception | None = None


def requests_each(
    request_ids: Iterable[UUID],
    step: Callable[[UUID], object],
    *,
    dry_run: bool = False,
    seconds: float | None = None,
) -> Iterator[Result]:
    """Take `step` with each request, and yield how it went.

    A dry run takes the step and undoes it, so it tells exactly what would happen now. After
    `seconds` no further request is begun.
    """
    start = time.monotonic()
    for request_id in dict.fromkeys(request_ids):
        if seconds is not None and time.monotonic() - start > seconds:
            yield Result(request_id, Outcome.LEFT)
        else:
            yield _one(request_id, step, dry_run)


def _one(request_id: UUID, step: Callable[[UUID], object], dry_run: bool) -> Result:
    try:
        with transaction.atomic():
            step(request_id)
            transaction.set_rollback(dry_run)
    except ErasureRequest.DoesNotExist:
        return Result(request_id, Outcome.UNKNOWN)
    except (IllegalTransitionError, StepError, IdentityGoneError) as error:
        return Result(request_id, Outcome.REFUSED, error)
    except Exception as error:  # the others are to have their turn, and the caller its report
        # Where it arose, but not its message, which may quote personal data.
        frames = "".join(traceback.format_tb(error.__traceback__))
        logger.error("%s with request %s, at:\n%s", type(error).__name__, request_id, frames)
        return Result(request_id, Outcome.FAILED)
    return Result(request_id, Outcome.DONE)
