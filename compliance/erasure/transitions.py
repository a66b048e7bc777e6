"""The one way a request changes its state: lock, check the table, write, add the event."""

from typing import Any

from django.db import transaction

from compliance.erasure.models import Endorsement, ErasureEvent, ErasureRequest, Step
from compliance.erasure.signals import request_moved
from compliance.erasure.states import IllegalTransitionError, State, check_transition

# Whom and what an answered request was about is needed no longer.
FORGOTTEN: dict[str, Any] = dict.fromkeys(
    ("identity", "identity_index", "scope", "decided_scope", "contact", "assignee", "paused_on")
)


def request_lock(request_id: Any) -> ErasureRequest:
    """Return the request under a row lock. Raise `ErasureRequest.DoesNotExist`.

    A request that names this one as its first can be filed meanwhile: it would wait for this lock
    at its commit, holding the ingest lock.
    """
    return ErasureRequest.objects.select_for_update(no_key=True).get(pk=request_id)


def request_move(
    request: ErasureRequest, target: State, *, actor: str, note: str = "", **values: Any
) -> None:
    """Move a locked request to `target` and write `values` with it.

    Raise `IllegalTransitionError` if the table does not allow it.
    """
    assert transaction.get_connection().in_atomic_block
    source = request.status
    check_transition(source, target)
    request_write(request, state=target.value, **values)
    ErasureEvent.objects.create(
        request=request, from_state=source.value, to_state=target.value, actor=actor, note=note
    )
    if source is State.IN_REVIEW:  # nobody has to see any more what the first of two approved
        Endorsement.objects.filter(request=request, part__isnull=False).update(part=None)
    request_moved.send(ErasureRequest, request=request, source=source)


def request_write(request: ErasureRequest, **values: Any) -> None:
    """Write `values` into a locked request."""
    for name, value in values.items():
        setattr(request, name, value)
    request.save(update_fields=list(values))


def event_add(request: ErasureRequest, step: Step, *, actor: str, note: str = "") -> None:
    """Note a step that leaves the request in its state. `note` holds no personal data."""
    state = request.status.value
    ErasureEvent.objects.create(
        request=request, step=step, from_state=state, to_state=state, actor=actor, note=note
    )


def require_state(request: ErasureRequest, allowed: frozenset[State], target: State) -> None:
    """Raise `IllegalTransitionError` unless the request is in one of the `allowed` states."""
    if request.status not in allowed:
        raise IllegalTransitionError(request.status, target)
