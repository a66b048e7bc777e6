"""The frozen base: item tokens under a small Llama, answering Yes or No.

An item is one soft token: a projection of its centred sentence embedding, what others made of it,
and the embedding of the reaction to it. The language model's own vocabulary holds the reactions:
"Yes" after a history item says that it was liked, "asked" marks the item in question, and the
answer is read from the rows of the same words in the output head.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn
from transformers import LlamaConfig, LlamaForCausalLM

from recmodel.catalogue import Catalogue
from recmodel.digest import tensor_digest
from recmodel.front_end import FrontEnd, Questions
from recmodel.gate import Gate
from recmodel.prompts import Reaction
from recmodel.rates import logit
from recmodel.tree import TREE

PAD, YES, NO, ASKED = range(4)
TOLD = 3
SHIPPED = Path(__file__).with_name("shipped")


class BrokenBaseError(RuntimeError):
    """The files of a base model are missing or damaged."""


@dataclass(frozen=True)
class BaseConfig:
    """The base's shape; `encoder` is the digest of the encoder that it was trained with."""

    encoder: str
    dimension: int = 384
    hidden: int = 128
    layers: int = 4
    heads: int = 4
    intermediate: int = 384
    positions: int = 512

    @classmethod
    def read(cls, path: Path) -> BaseConfig:
        """Read a config.json; raises ValueError naming fields that are missing or unknown."""
        values = json.loads(path.read_text())
        expected = {field.name for field in fields(cls)}
        if set(values) != expected:
            wrong = ", ".join(sorted(set(values) ^ expected))
            raise ValueError(f"{path}: missing or unknown fields: {wrong}")
        return cls(**values)

    def llama(self) -> LlamaConfig:
        """Return the transformer's configuration."""
        config = LlamaConfig(
            vocab_size=4,
            pad_token_id=PAD,
            bos_token_id=None,
            eos_token_id=None,
            hidden_size=self.hidden,
            num_hidden_layers=self.layers,
            num_attention_heads=self.heads,
            num_key_value_heads=self.heads,
            intermediate_size=self.intermediate,
            max_position_embeddings=self.positions,
            initializer_range=0.05,
            dtype="float32",
        )
        config._attn_implementation = TREE
        return config


class ItemTokenModel(FrontEnd):
    """The item-token front end and the transformer under it."""

    def __init__(self, config: BaseConfig) -> None:
        super().__init__()
        self.config = config
        self.project = nn.Linear(config.dimension, config.hidden)
        self.told = nn.Linear(TOLD, config.hidden, bias=False)
        self.lm = LlamaForCausalLM(config.llama())
        # What attached adapters (recmodel.adapter) scale their outputs by.
        self.gate = Gate()

    @property
    def digest(self) -> str:
        """Return `sha256:<hex>` over configuration and weights."""
        config = json.dumps(asdict(self.config), sort_keys=True)
        both = config + tensor_digest(self.state_dict())
        return f"sha256:{hashlib.sha256(both.encode()).hexdigest()}"

    def embed(self, items: Tensor, told: Tensor, reactions: Tensor) -> Tensor:
        """Turn items into tokens [B, T, hidden].

        items [B, T, dimension]: centred embeddings; told [B, T, 3]: see `told_of`; reactions
        [B, T]: YES, NO or ASKED.
        """
        # Unit vectors of length d have components of size 1 / sqrt(d): bring them to 1.
        scaled = items * float(self.config.dimension**0.5)
        what: Tensor = self.project(scaled) + self.told(told)
        tokens: Tensor = what + self.lm.model.embed_tokens(reactions)
        return tokens

    def history_size(self, history: Sequence[Reaction], catalogue: Catalogue) -> int:
        """Return the number of tokens that a history takes: one a reaction."""
        return len(history)

    def question_size(self, targets: Sequence[Reaction], catalogue: Catalogue) -> int:
        """Return 1: a question is one token."""
        return 1

    def histories(
        self, histories: Sequence[Sequence[Reaction]], places: int, catalogue: Catalogue
    ) -> Tensor:
        """Return histories as tokens [B, places, hidden], padded on the right."""
        reactions = np.full((len(histories), places), PAD)
        for row, history in enumerate(histories):
            reactions[row, : len(history)] = [YES if r.liked else NO for r in history]
        given = (
            vectors(histories, places, catalogue),
            told_of(histories, places),
            torch.from_numpy(reactions),
        )
        return self.embed(*(tensor.to(self.device) for tensor in given))

    def questions(
        self,
        targets: Sequence[Sequence[Reaction]],
        places: int,
        size: int,
        catalogue: Catalogue,
    ) -> Questions:
        """Return targets, each one token that says "asked"."""
        items = vectors(targets, places, catalogue).to(self.device)
        told = told_of(targets, places).to(self.device)
        asked = torch.full(items.shape[:2], ASKED, device=self.device)
        return Questions(self.embed(items, told, asked).unsqueeze(2), torch.zeros_like(asked))

    def answer(self, hidden: Tensor) -> Tensor:
        """Return the logit, Yes minus No, of each hidden state: [..., hidden] -> [...]."""
        logits: Tensor = self.lm.lm_head(hidden)
        return logits[..., YES] - logits[..., NO]

    def save(self, folder: Path) -> None:
        """Write config.json and model.safetensors."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.json").write_text(json.dumps(asdict(self.config), indent=2) + "\n")
        tensors = {name: tensor.contiguous() for name, tensor in self.state_dict().items()}
        (folder / "model.safetensors").write_bytes(save(tensors))


def vectors(rows: Sequence[Sequence[Reaction]], places: int, catalogue: Catalogue) -> Tensor:
    """Return the items' centred embeddings, [rows, places, d], 0 in padding."""
    found = np.zeros((len(rows), places, catalogue.embeddings.shape[1]), np.float32)
    for row, reactions in enumerate(rows):
        found[row, : len(reactions)] = catalogue.centred(r.item for r in reactions)
    return torch.from_numpy(found)


def told_of(rows: Sequence[Sequence[Reaction]], places: int) -> Tensor:
    """Return what the model is told of others, [rows, places, 3], 0 where it is told nothing.

    The like-rate's logit, the number of reactions on a logarithmic scale, and 1: it is told.
    """
    found = np.zeros((len(rows), places, TOLD), np.float32)
    for row, reactions in enumerate(rows):
        for place, others in enumerate(reaction.others for reaction in reactions):
            if others is not None:
                found[row, place] = logit(others.rate), math.log1p(others.reactions) / 4, 1
    return torch.from_numpy(found)


def load_base(path: Path | None = None) -> ItemTokenModel:
    """Load a frozen base for inference or adapters: None for the one that is shipped.

    Raises BrokenBaseError when a file is missing or is not what it should be.
    """
    folder = SHIPPED if path is None else path
    try:
        model = ItemTokenModel(BaseConfig.read(folder / "config.json"))
        model.load_state_dict(load_file(folder / "model.safetensors"))
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise BrokenBaseError(
            f"The base model in {folder} cannot be read ({error}). Restore its files, or install"
            " Lethe anew."
        ) from error
    return model.eval().requires_grad_(False)
