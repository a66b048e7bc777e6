"""What a front end is: it turns prompts into input embeddings of a causal language model.

All that follows is the same code for each: reading, asking, gate, adapters, mixture, training.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from recmodel.catalogue import Catalogue
from recmodel.gate import Gate
from recmodel.prompts import Reaction


@dataclass(frozen=True, eq=False)
class Questions:
    """Targets as tokens [B, S, T, hidden], padded on the right; last [B, S]: each one's end."""

    tokens: Tensor
    last: Tensor

    def ends(self, hidden: Tensor) -> Tensor:
        """Pick the state of each question's last token: [B, S * T, hidden] -> [B, S, hidden]."""
        B, S, T, _ = self.tokens.shape
        if T == 1:
            return hidden
        each = hidden.view(B, S, T, -1)
        places = self.last[:, :, None, None].expand(B, S, 1, each.shape[-1])
        return each.gather(2, places).squeeze(2)


class FrontEnd(nn.Module):
    """A front end with the language model under it.

    lm: a causal LM of transformers; gate: what attached adapters scale their outputs by; packs:
    whether many suffixes may share one reading of their prefix. Where they may not, `score` runs
    one suffix a row.
    """

    lm: PreTrainedModel
    gate: Gate
    packs: bool = True

    @property
    def digest(self) -> str:
        """Return `sha256:<hex>` over all that a logit depends on besides prompt and catalogue."""
        raise NotImplementedError

    @property
    def device(self) -> torch.device:
        """Return where inputs go; what is made from them follows."""
        return next(self.lm.parameters()).device

    @property
    def dtype(self) -> torch.dtype:
        """Return the dtype of the base's weights."""
        return next(self.lm.parameters()).dtype

    @property
    def invocation(self) -> tuple[int, ...]:
        """Return the tokens that every question begins with; none where questions are no text."""
        return ()

    @property
    def kept_shape(self) -> tuple[int, int, int]:
        """Return layers, heads and head size of keys and values."""
        config = self.lm.config
        heads = config.num_attention_heads
        size = getattr(config, "head_dim", None) or config.hidden_size // heads
        kept_heads = getattr(config, "num_key_value_heads", None) or heads
        return config.num_hidden_layers, kept_heads, size

    @property
    def head(self) -> nn.Linear:
        """Return the output head, whose rows for Yes and No give the answer."""
        head: nn.Linear = self.lm.get_output_embeddings()  # type: ignore[no-untyped-call]
        return head

    def shares_base(self, other: FrontEnd) -> bool:
        """Tell whether both stand on the same weights: attaching adapters copies none."""
        return next(self.lm.parameters()) is next(other.lm.parameters())

    def history_size(self, history: Sequence[Reaction], catalogue: Catalogue) -> int:
        """Return the number of tokens that a history takes."""
        raise NotImplementedError

    def question_size(self, targets: Sequence[Reaction], catalogue: Catalogue) -> int:
        """Return the number of tokens that the longest question about these targets takes."""
        raise NotImplementedError

    def histories(
        self, histories: Sequence[Sequence[Reaction]], places: int, catalogue: Catalogue
    ) -> Tensor:
        """Return histories as tokens [B, places, hidden], padded on the right.

        Raises UnknownItem when the catalogue lacks an item, as `questions` does.
        """
        raise NotImplementedError

    def questions(
        self,
        targets: Sequence[Sequence[Reaction]],
        places: int,
        size: int,
        catalogue: Catalogue,
    ) -> Questions:
        """Return questions as tokens: `places` suffixes a row, `size` tokens each."""
        raise NotImplementedError

    def answer(self, hidden: Tensor) -> Tensor:
        """Return the logit, Yes minus No, of each hidden state: [..., hidden] -> [...]."""
        raise NotImplementedError
