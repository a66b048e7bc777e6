"""The one way a request changes its state: lock, check the table, write, add the event."""

from typing import Any

from django.db import transaction

from compliance.erasure.models import ErasureEvent, ErasureRequest
from compliance.erasure.states import State, check_transition


def request_lock(request_id: Any) -> ErasureRequest:
    """Return the request under a row lock. Raise `ErasureRequest.DoesNotExist`."""
    return ErasureRequest.objects.select_for_update().get(pk=request_id)


def request_move(
    request: ErasureRequest, target: State, *, actor: str, note: str = "", **values: Any
) -> None:
    """Move a locked request to `target` and write `values` with it.

    Raise `IllegalTransitionError` if the table does not allow it.
    """
    assert transaction.get_connection().in_atomic_block
    source = request.status
    check_transition(source, target)
    for name, value in values.items():
        setattr(request, name, value)
    request.state = target.value
    request.save(update_fields=["state", *values])
    ErasureEvent.objects.create(
        request=request, from_state=source.value, to_state=target.value, actor=actor, note=note
    )
