"""The states of an erasure request and the one table of moves between them. Pure."""

from enum import StrEnum


class State(StrEnum):
    """Where a request stands, from receipt to answer."""

    RECEIVED = "received"
    AWAITING_IDENTITY = "awaiting_identity"
    IN_REVIEW = "in_review"
    APPROVED = "approved"  # from here on the records are gone
    RETRAINING = "retraining"
    VERIFYING = "verifying"
    COMPLETED = "completed"
    DENIED = "denied"
    CANCELLED = "cancelled"
    EXPIRED = "expired"  # the identity was never proven
    FAILED = "failed"  # a person must look; it can be resumed


TRANSITIONS: dict[State, frozenset[State]] = {
    State.RECEIVED: frozenset({State.AWAITING_IDENTITY, State.IN_REVIEW, State.CANCELLED}),
    State.AWAITING_IDENTITY: frozenset(
        {State.IN_REVIEW, State.DENIED, State.CANCELLED, State.EXPIRED}
    ),
    State.IN_REVIEW: frozenset({State.APPROVED, State.DENIED, State.CANCELLED}),
    # Straight to verifying when no adapter learned from the records.
    State.APPROVED: frozenset({State.RETRAINING, State.VERIFYING, State.FAILED}),
    State.RETRAINING: frozenset({State.VERIFYING, State.FAILED}),
    # Back to retraining when another erasure touched the same shard meanwhile.
    State.VERIFYING: frozenset({State.RETRAINING, State.COMPLETED, State.FAILED}),
    State.FAILED: frozenset({State.RETRAINING, State.VERIFYING}),
    State.COMPLETED: frozenset(),
    State.DENIED: frozenset(),
    State.CANCELLED: frozenset(),
    State.EXPIRED: frozenset(),
}

# Nobody has decided yet: the request can be denied, cancelled, extended, paused.
UNDECIDED_STATES = frozenset({State.RECEIVED, State.AWAITING_IDENTITY, State.IN_REVIEW})
# The states in which the records have been erased.
ERASED_STATES = frozenset(
    {State.APPROVED, State.RETRAINING, State.VERIFYING, State.COMPLETED, State.FAILED}
)
FINAL_STATES = frozenset(state for state, following in TRANSITIONS.items() if not following)
# The request has ended, and nothing was erased.
UNERASED_STATES = FINAL_STATES - ERASED_STATES
OPEN_STATES = frozenset(State) - FINAL_STATES


class IllegalTransitionError(Exception):
    """A request cannot go from its state to the one asked for."""

    def __init__(self, source: State, target: State) -> None:
        allowed = ", ".join(sorted(TRANSITIONS[source])) or "nothing: it is final"
        super().__init__(
            f"A request that is {source.value} cannot become {target.value}. Possible: {allowed}."
        )
        self.source, self.target = source, target


def check_transition(source: State, target: State) -> None:
    """Raise `IllegalTransitionError` unless the table allows the move."""
    if target not in TRANSITIONS[source]:
        raise IllegalTransitionError(source, target)
