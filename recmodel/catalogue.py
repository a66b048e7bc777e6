"""The catalogue as the model sees it: item ids and their embeddings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt


class UnknownItem(KeyError):
    """A prompt names an item that the catalogue does not hold."""

    def __str__(self) -> str:
        return str(self.args[0])


class Catalogue:
    """Item ids with their embeddings, float32 [n, d], in the same order."""

    def __init__(self, ids: Sequence[str], embeddings: npt.NDArray[np.float32]) -> None:
        if embeddings.ndim != 2 or len(embeddings) != len(ids):
            raise ValueError(
                f"{len(ids)} ids need embeddings of shape [{len(ids)}, d], got {embeddings.shape}"
            )
        self.ids = tuple(ids)
        self.embeddings = np.ascontiguousarray(embeddings, dtype=np.float32)
        self._places = {item: place for place, item in enumerate(self.ids)}
        if len(self._places) != len(self.ids):
            raise ValueError("an item id stands in the catalogue twice")

    def __len__(self) -> int:
        return len(self.ids)

    def __contains__(self, item: object) -> bool:
        return item in self._places

    def places(self, items: Iterable[str]) -> list[int]:
        """Return each item's row; raises UnknownItem naming the first that has none."""
        try:
            return [self._places[item] for item in items]
        except KeyError as error:
            raise UnknownItem(
                f"item {error.args[0]!r} is not among the {len(self)} items of this catalogue"
                " snapshot: import it and take a new snapshot, or leave its records out"
            ) from None

    def vectors(self, items: Iterable[str]) -> npt.NDArray[np.float32]:
        """Return the items' embeddings [m, d]; raises UnknownItem like `places`."""
        rows: npt.NDArray[np.float32] = self.embeddings[self.places(items)]
        return rows
