"""The text front end: titles in a template, read by any causal LM of transformers (TALLRec's way).

TALLRec: arXiv 2305.00447. What is asked stands after the whole history, and the answer is the
difference of the output head's rows for the tokens that "Yes" and "No" would be.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

import torch
from torch import Tensor
from transformers import PreTrainedModel

from recmodel.catalogue import Catalogue
from recmodel.digest import tensor_digest
from recmodel.front_end import FrontEnd, Questions
from recmodel.gate import Gate
from recmodel.prompts import Reaction
from recmodel.wording import Wording

# What a configuration says besides the model's shape: where it was read from, and by what.
NO_SHAPE = {"_name_or_path", "architectures", "transformers_version", "use_cache"}
# A history must leave this many tokens for a title.
TITLE = 64


class TooLongError(ValueError):
    """A history takes more tokens than the base can read."""


class TextModel(FrontEnd):
    """A causal LM that is asked in words."""

    def __init__(self, lm: PreTrainedModel, wording: Wording) -> None:
        super().__init__()
        self.lm = lm
        self.wording = wording
        self.gate = Gate()

    @property
    def digest(self) -> str:
        """Return `sha256:<hex>` over architecture, weights, tokenizer and template."""
        config = {k: v for k, v in self.lm.config.to_dict().items() if k not in NO_SHAPE}
        parts = (
            type(self.lm).__name__,
            json.dumps(config, sort_keys=True, default=str),
            tensor_digest(self.lm.state_dict()),
            self.wording.tokenizer_digest,
            self.wording.template.digest,
        )
        return f"sha256:{hashlib.sha256(json.dumps(parts).encode()).hexdigest()}"

    @property
    def invocation(self) -> tuple[int, ...]:
        """Return the tokens that every question begins with."""
        return self.wording.opening

    def history_size(self, history: Sequence[Reaction], catalogue: Catalogue) -> int:
        """Return the number of tokens that a history takes, the template's words included."""
        return len(self._told(history, catalogue))

    def question_size(self, targets: Sequence[Reaction], catalogue: Catalogue) -> int:
        """Return the number of tokens that the longest question about these targets takes."""
        asked = [len(self.wording.question(target.item, catalogue)) for target in targets]
        return max(asked, default=1)

    def histories(
        self, histories: Sequence[Sequence[Reaction]], places: int, catalogue: Catalogue
    ) -> Tensor:
        """Return histories as tokens [B, places, hidden], padded on the right.

        Raises TooLongError for one that the base cannot read.
        """
        return self._embed([self._told(history, catalogue) for history in histories], places)

    def questions(
        self,
        targets: Sequence[Sequence[Reaction]],
        places: int,
        size: int,
        catalogue: Catalogue,
    ) -> Questions:
        """Return questions as tokens: `places` suffixes a row, `size` tokens each."""
        ids, last = [], torch.zeros(len(targets), places, dtype=torch.long)
        for row, asked in enumerate(targets):
            each = [self.wording.question(target.item, catalogue) for target in asked]
            last[row, : len(each)] = torch.tensor([len(one) - 1 for one in each])
            ids += [*each, *[()] * (places - len(each))]
        tokens = self._embed(ids, size)
        shape = (len(targets), places, *tokens.shape[1:])
        return Questions(tokens.view(shape), last.to(self.device))

    def answer(self, hidden: Tensor) -> Tensor:
        """Return the logit, Yes minus No, in float32: [..., hidden] -> [...]."""
        head = self.head
        chosen = [self.wording.yes, self.wording.no]
        rows = head.weight[chosen].float().to(hidden.device)
        logits = hidden.float() @ rows.t()
        if head.bias is not None:
            logits = logits + head.bias[chosen].float().to(hidden.device)
        difference: Tensor = logits[..., 0] - logits[..., 1]
        return difference

    def _told(self, history: Sequence[Reaction], catalogue: Catalogue) -> tuple[int, ...]:
        ids = self.wording.history(history, catalogue)
        most = getattr(self.lm.config, "max_position_embeddings", None)
        if most is not None and len(ids) + TITLE > most:
            raise TooLongError(
                f"a history of {len(history)} records takes {len(ids)} tokens, and the base reads"
                f" {most} in all: choose a smaller history_size"
            )
        return ids

    def _embed(self, rows: Sequence[Sequence[int]], places: int) -> Tensor:
        # Padding is never looked at: any token will do.
        ids = torch.zeros(len(rows), places, dtype=torch.long)
        for row, tokens in enumerate(rows):
            ids[row, : len(tokens)] = torch.tensor(tokens, dtype=torch.long)
        embedded: Tensor = self.lm.get_input_embeddings()(ids.to(self.device))
        return embedded
