"""Few-shot draws. No torch."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

from recmodel.tallrec.rows import Row

R = TypeVar("R", bound=Row)


def draw(rows: Sequence[R], shots: int | None, seed: int) -> list[R]:
    """Return `shots` rows, or all for None, in an order that the seed decides.

    A smaller draw is the start of a larger one, so runs of 16, 64 and 256 differ in size alone.
    The order goes by a keyed hash of the rows' words, not by their place. Raises ValueError where
    there are fewer rows.
    """
    if shots is not None and not 0 < shots <= len(rows):
        raise ValueError(f"{shots} shots of {len(rows)} rows: draw from 1 to {len(rows)}, or all")
    return sorted(rows, key=lambda row: _place(row, seed))[:shots]


def _place(row: Row, seed: int) -> bytes:
    words = "\0".join((str(seed), row.instruction, row.input, row.output))
    return hashlib.sha256(words.encode()).digest()
