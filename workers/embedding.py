"""Embed the catalogue: each item alone, once for every encoder, stored beside the item."""

from collections.abc import Callable

from django.db import transaction

from compliance.canonical import bytes_digest
from compliance.records.models import Item, ItemEmbedding
from recmodel import determinism
from recmodel.encoder import Encoder
from recmodel.prompts import item_text

BLOCK = 1000


def embed_items(encoder: Encoder, on_progress: Callable[[int, int], None] | None = None) -> int:
    """Embed every item that has no embedding by `encoder` yet; return how many were missing.

    Stopped half way, it goes on from there the next time.
    """
    determinism.configure()
    missing = list(Item.objects.exclude(embeddings__encoder=encoder.digest).order_by("external_id"))
    for start in range(0, len(missing), BLOCK):
        _embed(encoder, missing[start : start + BLOCK])
        if on_progress:
            on_progress(min(start + BLOCK, len(missing)), len(missing))
    return len(missing)


@transaction.atomic
def _embed(encoder: Encoder, items: list[Item]) -> None:
    texts = [item_text(item.title, item.attributes) for item in items]
    ItemEmbedding.objects.bulk_create(
        [
            ItemEmbedding(
                item=item,
                encoder=encoder.digest,
                text_digest=bytes_digest(text.encode()),
                vector=vector.astype("<f4").tobytes(),
            )
            for item, text, vector in zip(items, texts, encoder.encode(texts), strict=True)
        ],
        ignore_conflicts=True,  # another process may embed the same catalogue
    )
