"""Recommendation rows as prompts of the text front end, so that all that follows is shared."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from recmodel.catalogue import Catalogue
from recmodel.prompts import Prompt, Reaction
from recmodel.tallrec.frame import Frame
from recmodel.tallrec.rows import RecommendationRow
from recmodel.wording import Wording


class RowWording(Wording):
    """A wording whose "items" are texts already: a row's prefix, and its question."""

    def history(self, reactions: Sequence[Reaction], catalogue: Catalogue) -> tuple[int, ...]:
        """Return the tokens of a prefix, which is one "item"; the probe asks with others."""
        texts = catalogue.titles(reaction.item for reaction in reactions)
        return self._start + self._tokens("\n".join(texts))

    def _question(self, title: str) -> tuple[int, ...]:
        return self._tokens(title + self.template.closing)

    def _check_opening(self) -> None:
        # A row's question opens with its own words: no activated LoRA is invoked by them.
        pass


def prompts_of_rows(
    rows: Sequence[RecommendationRow], frame: Frame
) -> tuple[list[Prompt], Catalogue]:
    """Return one prompt of one target a row, in the rows' order, and the texts they name."""
    texts = [text for row in rows for text in (frame.prefix(row), frame.question(row))]
    known = list(dict.fromkeys(texts))
    catalogue = Catalogue(known, np.zeros((len(known), 1), np.float32), known)
    prompts = [
        Prompt(
            subject="",
            prefix=(Reaction(frame.prefix(row), True, ""),),
            suffixes=(Reaction(frame.question(row), row.liked, ""),),
        )
        for row in rows
    ]
    return prompts, catalogue
