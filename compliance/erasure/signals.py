"""How others hear of a request's moves without erasure knowing them."""

from django.dispatch import Signal

# Sent in the transaction of the move, after it is written, with `request` and `source` (State).
# What a receiver writes is kept or lost with the move; its errors undo the move.
request_moved = Signal()
