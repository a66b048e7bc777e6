"""The catalogue as the model sees it: item ids, their embeddings and their titles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from recmodel.taste import centre_of


class UnknownItem(KeyError):
    """A prompt names an item that the catalogue does not hold."""

    def __str__(self) -> str:
        return str(self.args[0])


class Catalogue:
    """Item ids with their embeddings, float32 [n, d], and titles, in the same order.

    The text front end reads the titles; the item-token front end needs none. centre [d]: what
    embeddings are centred on, a plan's own as items come later; None for the mean of these items.
    """

    def __init__(
        self,
        ids: Sequence[str],
        embeddings: npt.NDArray[np.float32],
        titles: Sequence[str] | None = None,
        centre: npt.NDArray[np.float32] | None = None,
    ) -> None:
        if embeddings.ndim != 2 or len(embeddings) != len(ids):
            raise ValueError(
                f"{len(ids)} ids need embeddings of shape [{len(ids)}, d], got {embeddings.shape}"
            )
        self.ids = tuple(ids)
        self.embeddings = np.ascontiguousarray(embeddings, dtype=np.float32)
        if titles is not None and len(titles) != len(ids):
            raise ValueError(f"{len(ids)} ids need as many titles, got {len(titles)}")
        self.centre = centre_of(self.embeddings) if centre is None else centre
        self._titles = None if titles is None else tuple(titles)
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

    def centred(self, items: Iterable[str]) -> npt.NDArray[np.float32]:
        """Return the items' embeddings [m, d] less the centre; raises UnknownItem like `places`.

        Sentence embeddings share a large common part that says nothing about an item.
        """
        rows: npt.NDArray[np.float32] = self.vectors(items) - self.centre
        return rows

    def titles(self, items: Iterable[str]) -> list[str]:
        """Return the items' titles; raises UnknownItem like `places`, ValueError without titles."""
        if self._titles is None:
            raise ValueError(
                "this catalogue has no titles: give them, the text front end needs them"
            )
        return [self._titles[place] for place in self.places(items)]
