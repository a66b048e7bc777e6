"""Rows in TALLRec's format and our own words, with something to learn; a tiny base to learn it."""

import json
import random
from functools import cache
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from recmodel.tallrec.frame import Frame
from recmodel.tallrec.prompts import RowWording
from recmodel.tallrec.rows import RecommendationRow
from recmodel.text import TextModel
from recmodel.text_base import probed
from tests.recmodel import text_cast

INSTRUCTION = "Read what a person liked. Say whether the person will like one more."
GOOD, BAD = ("Garden",), ("Stones",)
NOUNS = ("Blue", "Last", "The", "of")
FRAME = Frame.read()


def row(rng: random.Random, kind: str = "film") -> RecommendationRow:
    """A person likes anything; whether the target is liked shows in its first word alone."""
    lists = ([_title(rng) for _ in range(rng.randint(1, 2))] for _ in range(2))
    liked, disliked = (", ".join(titles) for titles in lists)
    first = rng.choice((*GOOD, *BAD))
    question = f"Will the person like the {kind} {_title(rng, first)}?"
    answer = "Yes." if first in GOOD else "No."
    text = f"Liked: {liked}\nNot liked: {disliked}\n{question}"
    return RecommendationRow(INSTRUCTION, text, answer)


def _title(rng: random.Random, first: str = "") -> str:
    words = (first or rng.choice((*GOOD, *BAD)), rng.choice(NOUNS), str(rng.randrange(100)))
    return f'"{" ".join(words)}"'


def rows(n: int, seed: int, kind: str = "film") -> list[RecommendationRow]:
    rng = random.Random(seed)
    return [row(rng, kind) for _ in range(n)]


def write(path: Path, some: list[RecommendationRow]) -> Path:
    fields = ("instruction", "input", "output")
    path.write_text(json.dumps([{name: getattr(one, name) for name in fields} for one in some]))
    return path


@cache
def tokenizer() -> PreTrainedTokenizerFast:
    """Words as tokens, each with the space before it."""
    tok = Tokenizer(models.BPE())
    tok.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tok.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=["<unk>", "</s>"],
        show_progress=False,
    )
    texts = [FRAME.asked(one) + answer for one in rows(50, 0) for answer in (" Yes", " No")]
    tok.train_from_iterator(texts * 5, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tok, unk_token="<unk>", eos_token="</s>")


def model() -> TextModel:
    wording = RowWording(FRAME.template, tokenizer())
    lm = text_cast.lm(text_cast.shape("llama", vocabulary=600))
    return probed(TextModel(lm, wording))


def save(folder: Path) -> Path:
    model().lm.save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    return folder
