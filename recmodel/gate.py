"""The gate: what the outputs of the adapters are multiplied by, row by row."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from torch import Tensor

Scope = Literal["suffix", "full"]


@dataclass(frozen=True)
class Gating:
    """How much of each adapter each row gets.

    weights: [B, R], one number for each row of A, R = K * r; [1, R] for all rows alike.
    scope: "suffix": the adapters act on the targets only, so the history's keys and values are
    the frozen base's, valid for every adapter and weight ("activated LoRA", arXiv 2504.12397);
    "full": they act on every token.
    """

    weights: Tensor
    scope: Scope = "suffix"


class Gate(threading.local):
    """Holds the weights while a forward pass runs; None switches the adapters off.

    Local to the thread: a web process scores several requests at once with one model.
    """

    weights: Tensor | None = None

    def __deepcopy__(self, memo: dict[int, object]) -> Gate:
        # A copy of a model answers for itself.
        return Gate()

    @contextmanager
    def at(self, weights: Tensor | None) -> Iterator[None]:
        """Set the weights, [B, R], for the passes inside the block."""
        before = self.weights
        # [B, 1, R]: the same for every token of a row.
        self.weights = None if weights is None else weights.unsqueeze(1)
        try:
            yield
        finally:
            self.weights = before
