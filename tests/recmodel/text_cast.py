"""Tiny causal LMs of three families, with tokenizers of three kinds trained here."""

from functools import cache
from pathlib import Path

import torch
from tokenizers import (
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from transformers import (
    AutoModelForCausalLM,
    GPTNeoXConfig,
    LlamaConfig,
    PretrainedConfig,
    PreTrainedTokenizerFast,
    Qwen2Config,
)

from recmodel.catalogue import Catalogue
from recmodel.template import Template
from recmodel.text import TextModel
from recmodel.text_base import probed
from recmodel.training import TrainingConfig
from recmodel.tree import TREE
from recmodel.wording import Wording
from tests.recmodel import cast

WORDS = ("Rain", "Harbour", "The", "Last", "Garden", "of", "Stones", "Winter", "Letters", "Blue")
TITLES = [
    f"{WORDS[n % 10]} {WORDS[(n * 7 + 3) % 10]}{f' {WORDS[n // 10]}' * (n % 3)} ({1960 + n})"
    for n in range(60)
]
SIZES = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
SIZES |= {"intermediate_size": 96, "max_position_embeddings": 1024, "initializer_range": 0.2}
FAMILIES = ("llama", "qwen2", "gpt_neox")
KINDS = {"llama": "metaspace", "qwen2": "byte-level", "gpt_neox": "wordpiece"}
LAYERS = dict.fromkeys(FAMILIES, ("q_proj", "v_proj")) | {"gpt_neox": ("query_key_value",)}


def catalogue() -> Catalogue:
    return Catalogue([f"item-{n}" for n in range(60)], cast.vectors(24), TITLES)


def training(family: str, **other: object) -> TrainingConfig:
    changed = {"target_modules": LAYERS[family], "epochs": 1} | other
    return TrainingConfig.from_dict(cast.CONFIG.to_dict() | changed)


@cache
def tokenizer(kind: str) -> PreTrainedTokenizerFast:
    tok = {"byte-level": _byte_level, "metaspace": _metaspace, "wordpiece": _wordpiece}[kind]()
    special = {"unk_token": "<unk>"} | ({} if kind == "byte-level" else {"bos_token": "<s>"})
    if kind != "byte-level":
        tok.post_processor = processors.TemplateProcessing(
            single="<s> $A", special_tokens=[("<s>", tok.token_to_id("<s>"))]
        )
    return PreTrainedTokenizerFast(tokenizer_object=tok, **special)


def _texts() -> list[str]:
    words = Template.read().text.replace("{", " ").replace("}", " ")
    return [*TITLES, *[words, "Yes", "No", " Yes", " No", ": Yes", ": No"] * 50]


def _byte_level() -> Tokenizer:
    tok = Tokenizer(models.BPE())
    tok.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tok.decoder = decoders.ByteLevel()
    return _trained(tok, ["<unk>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet())


def _metaspace() -> Tokenizer:
    """As SentencePiece's models are in transformers: Llama's, for one."""
    tok = Tokenizer(models.BPE(unk_token="<unk>"))
    tok.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    tok.decoder = decoders.Metaspace(prepend_scheme="first")
    return _trained(tok, ["<unk>", "<s>"])


def _trained(tok: Tokenizer, special: list[str], **options: object) -> Tokenizer:
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=special, show_progress=False, **options
    )
    tok.train_from_iterator(_texts(), trainer)
    return tok


def _wordpiece() -> Tokenizer:
    """Whole words and letters: WordPiece's own trainer draws ties anew in every process."""
    normalizer = normalizers.BertNormalizer(lowercase=True)
    splitter = pre_tokenizers.BertPreTokenizer()
    words = {
        word
        for text in _texts()
        for word, _ in splitter.pre_tokenize_str(normalizer.normalize_str(text))
    }
    letters = {letter for word in words for letter in word}
    pieces = ["<unk>", "<s>", *sorted(words | letters | {f"##{letter}" for letter in letters})]
    vocabulary = {piece: place for place, piece in enumerate(pieces)}
    tok = Tokenizer(models.WordPiece(vocabulary, unk_token="<unk>"))
    tok.normalizer, tok.pre_tokenizer = normalizer, splitter
    tok.decoder = decoders.WordPiece()
    return tok


def shape(family: str, vocabulary: int = 512, **other: object) -> PretrainedConfig:
    if family == "gpt_neox":
        return GPTNeoXConfig(vocab_size=vocabulary, **SIZES, **other)
    kind = {"llama": LlamaConfig, "qwen2": Qwen2Config}[family]
    tied = family == "qwen2"
    options = {"num_key_value_heads": 2, "tie_word_embeddings": tied} | other
    return kind(vocab_size=vocabulary, **SIZES, **options)


def lm(config: PretrainedConfig, **options: object):
    torch.manual_seed(7)
    options = {"attn_implementation": TREE, "dtype": torch.float32} | options
    return AutoModelForCausalLM.from_config(config, **options).eval().requires_grad_(False)


def text_model(family: str, template: Template | None = None) -> TextModel:
    wording = Wording(template or Template.read(), tokenizer(KINDS[family]))
    return probed(TextModel(lm(shape(family)), wording))


def save(folder: Path, family: str = "llama") -> Path:
    """Write a base as it comes from the hub: configuration, weights and tokenizer."""
    lm(shape(family)).save_pretrained(folder)
    tokenizer(KINDS[family]).save_pretrained(folder)
    return folder
