"""A conventional sequential model: SASRec (Kang and McAuley 2018), taught likes and dislikes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from recmodel.evaluation.baseline import Baseline, Coded, History
from recmodel.evaluation.data import Floats, Records

HIDDEN, LAYERS, HEADS = 64, 2, 2
MAX_LENGTH = 96  # records that are read of a history
BATCH, ROUNDS = 16, 30
START, DISLIKED, LIKED = range(3)


@dataclass
class SASRec(Baseline):
    """Self-attention over the ids and reactions of a history; a like by product with the item.

    Taught by binary cross-entropy on the reaction that follows each place of a history, by AdamW;
    one round is one epoch.
    """

    dropout: float = 0.3
    learning_rate: float = 1e-3
    weight_decay: float = 0.1
    seed: int = 0
    _coded: Coded = field(init=False, repr=False)
    _net: Net = field(init=False, repr=False)

    def train(self, known: Records) -> Iterator[int]:
        self._coded = Coded.of(known)
        with torch.random.fork_rng():
            torch.manual_seed(self.seed)
            self._net = Net(len(self._coded.items) + 1, self.dropout)
        windows = self._windows(known)
        optimizer = torch.optim.AdamW(
            self._net.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay
        )
        for done in range(1, ROUNDS + 1):
            self._epoch(windows, optimizer, done)
            yield done

    def score(self, history: History, items: Sequence[str]) -> Floats:
        places, reactions = self._coded_history(history[-MAX_LENGTH:])
        asked = torch.from_numpy(self._coded.lookup(items))
        with torch.no_grad():
            state = self._net(places[None], reactions[None])[0, -1]
            logits = self._net.answer(state.expand(len(items), -1), asked)
        return logits.double().numpy()

    def _coded_history(self, history: History) -> tuple[Tensor, Tensor]:
        """Return the places and the reactions of a history, int64 [n] each."""
        places = self._coded.lookup([reaction.item for reaction in history])
        reactions = [LIKED if reaction.liked else DISLIKED for reaction in history]
        return torch.from_numpy(places), torch.tensor(reactions, dtype=torch.int64)

    def _windows(self, known: Records) -> list[tuple[Tensor, Tensor]]:
        """Return places and reactions of each stretch of a subject's records."""
        found = []
        for mine in known.values():
            for start in range(0, len(mine), MAX_LENGTH):
                found.append(self._coded_history(mine[start : start + MAX_LENGTH]))
        return sorted(found, key=lambda window: len(window[0]))

    def _epoch(
        self, windows: Sequence[tuple[Tensor, Tensor]], optimizer: torch.optim.Optimizer, done: int
    ) -> None:
        rng = np.random.default_rng([self.seed, done])
        # Stretches of like length together, the batches in any order.
        batches = rng.permutation(math.ceil(len(windows) / BATCH))
        with torch.random.fork_rng():
            torch.manual_seed(self.seed * 1000 + done)
            self._net.train()
            for batch in batches:
                chosen = windows[batch * BATCH : (batch + 1) * BATCH]
                optimizer.zero_grad()
                torch.autograd.backward(self._loss(chosen))
                optimizer.step()
            self._net.eval()

    def _loss(self, chosen: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
        places = nn.utils.rnn.pad_sequence([one for one, _ in chosen], batch_first=True)
        reactions = nn.utils.rnn.pad_sequence([one for _, one in chosen], batch_first=True)
        sizes = torch.tensor([len(one) for one, _ in chosen])[:, None]
        # The state before place t has seen the records 0 to t - 1.
        states = self._net(places[:, :-1], reactions[:, :-1])
        liked = (reactions == LIKED).float()
        each = binary_cross_entropy_with_logits(
            self._net.answer(states, places), liked, reduction="none"
        )
        real = torch.arange(places.shape[1]) < sizes
        return (each * real).sum() / real.sum()


class Net(nn.Module):
    """The network: tokens of item, reaction and place under causal self-attention."""

    def __init__(self, items: int, dropout: float) -> None:
        super().__init__()
        self.items = nn.Embedding(items, HIDDEN)
        self.reactions = nn.Embedding(3, HIDDEN)
        self.places = nn.Embedding(MAX_LENGTH + 1, HIDDEN)
        for table in (self.items, self.reactions, self.places):
            nn.init.normal_(table.weight, std=0.05)
        self.biases = nn.Embedding(items, 1)
        nn.init.zeros_(self.biases.weight)
        layer = nn.TransformerEncoderLayer(
            HIDDEN, HEADS, 2 * HIDDEN, dropout, "gelu", batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, LAYERS, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(HIDDEN)
        self.own = nn.Linear(HIDDEN, 1)
        self.dropout = nn.Dropout(dropout)

    def forward(self, places: Tensor, reactions: Tensor) -> Tensor:
        """Return the states before and after each record: places [B, T] -> [B, T + 1, HIDDEN]."""
        B, T = places.shape
        start = self.reactions(torch.full((B, 1), START))
        tokens = torch.cat([start, self.items(places) + self.reactions(reactions)], dim=1)
        tokens = self.dropout(tokens + self.places(torch.arange(T + 1)))
        mask = nn.Transformer.generate_square_subsequent_mask(T + 1)
        state: Tensor = self.norm(self.layers(tokens, mask=mask, is_causal=True))
        return state

    def answer(self, states: Tensor, items: Tensor) -> Tensor:
        """Return the logit of a like: states [..., HIDDEN] and items [...] -> [...]."""
        product = (self.dropout(states) * self.items(items)).sum(-1)
        logit: Tensor = product + self.biases(items)[..., 0] + self.own(states)[..., 0]
        return logit
