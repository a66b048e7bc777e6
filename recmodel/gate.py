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
Form = Literal["nd", "d"]
FORMS: tuple[Form, ...] = ("nd", "d")


@dataclass(frozen=True, eq=False)
class Gating:
    """How much of each adapter each row gets.

    weights: [B, R], one number for each row of A, R = K * r; [1, R] for all rows alike. In suffix
    scope also [B, S, R], other weights for each target.
    scope: "suffix": the adapters act on the targets only, so the history's keys and values are
    the frozen base's, valid for every adapter and weight ("activated LoRA", arXiv 2504.12397);
    "full": they act on every token.
    form: "nd" adds the sum over k of w_k B_k A_k x; "d" (sum of w_k B_k)(sum of w_k A_k) x, the
    decomposed form of arXiv 2404.10327, which needs `adapters` = K.
    """

    weights: Tensor
    scope: Scope = "suffix"
    form: Form = "nd"
    adapters: int = 1


class Gate(threading.local):
    """Holds the gating while a forward pass runs; None switches the adapters off.

    Local to the thread: a web process scores several requests at once with one model.
    """

    gating: Gating | None = None

    def __deepcopy__(self, memo: dict[int, object]) -> Gate:
        # A copy of a model answers for itself.
        return Gate()

    @contextmanager
    def at(self, gating: Gating | None) -> Iterator[None]:
        """Set the gating for the passes inside the block."""
        before = self.gating
        self.gating = gating
        try:
            yield
        finally:
            self.gating = before


def mix(low: Tensor, gating: Gating) -> Tensor:
    """Weigh A's output [B, T, K * r] so that B, K adapters' side by side, makes the mixture."""
    weights = gating.weights
    if weights.dim() == 2:
        weights = weights.unsqueeze(1)  # the same for every token of a row
    low = low * weights
    if gating.form == "nd":
        return low
    # h = sum of w_k A_k x, [B, T, r]; each B_k gets w_k h.
    h = low.view(*low.shape[:-1], gating.adapters, -1).sum(-2)
    return h.repeat(1, 1, gating.adapters) * weights
