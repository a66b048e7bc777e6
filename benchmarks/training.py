"""Measure training records a second through the text front end beside Hugging Face's Trainer.

    python -m benchmarks.training [--json] [--repeat N]

One record is one target learned once. Both sides train LoRA weights of the same shape on the same
targets, epochs and learning rate, over the same small Llama that this makes, with the same loss
(cross-entropy of Yes against No) and as many tokens a step.

Ours: `train_slice`, a history read once for up to `targets` suffixes, adapters in suffix scope.
Trainer: PEFT's LoRA on windows of one target, each with the same number of records before it;
tokens made beforehand, batches grouped by length and padded to their longest, logits of the last
token alone, fused AdamW, no evaluation, no logging, no saving, no clipping. CPU seconds of one
thread, medians of the repetitions, ratios within one run. The loss on held-out people's windows,
after the training, stands beside it.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from peft import LoraConfig, get_peft_model
from rich.console import Console
from rich.table import Table
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    Trainer,
    TrainingArguments,
)
from transformers.utils.logging import disable_progress_bar, set_verbosity_error

from recmodel.adapter import AdapterState, load_adapter
from recmodel.catalogue import Catalogue
from recmodel.determinism import configure
from recmodel.encoder import Encoder
from recmodel.fictional import fictional_catalogue
from recmodel.gate import Scope
from recmodel.mixture import Mixture
from recmodel.prompts import Prompt, Reaction, prompt_ranges, prompts_of
from recmodel.simulate import subjects
from recmodel.template import Template
from recmodel.text import TextModel
from recmodel.text_base import probed
from recmodel.training import initial_state, train_slice
from recmodel.training_config import TrainingConfig
from recmodel.tree import TREE
from recmodel.wording import Wording

WANTED = 4.0
SEED, ITEMS, VOCABULARY, RECORDS = 5, 400, 2000, 50
SHAPE = {"hidden_size": 192, "intermediate_size": 512, "num_hidden_layers": 4}
CONFIG = TrainingConfig(epochs=3, learning_rate=1e-3, batch_prompts=4)


@dataclass(frozen=True)
class Case:
    """How much of a history is read, how many targets share it, and how many people there are."""

    history: int
    targets: int
    people: int

    @property
    def config(self) -> TrainingConfig:
        return replace(CONFIG, history_size=self.history, targets_per_prompt=self.targets)


# TALLRec reads 10 records; plans read 64 and share them among 32 targets by default.
CASES = (Case(10, 10, 5), Case(64, 32, 3))
HELD_OUT, ASKED = 12, 100


@dataclass(frozen=True)
class World:
    """A base in words, a catalogue, and people: those to learn from come first."""

    model: TextModel
    catalogue: Catalogue
    people: list[tuple[str, list[Reaction]]]

    def prompts(self, config: TrainingConfig, people: Sequence[tuple[str, list[Reaction]]]) -> Any:
        return [
            prompt
            for name, records in people
            for prompt in prompts_of(
                name,
                records,
                prompt_ranges(
                    len(records),
                    history_size=config.history_size,
                    targets_per_prompt=config.targets_per_prompt,
                    min_history=config.min_history,
                ),
            )
        ]


@dataclass
class Side:
    """What one side did: CPU seconds of each repetition, tokens of an epoch, loss at the end."""

    seconds: list[float]
    tokens: int
    records: int
    loss: float

    @property
    def records_per_second(self) -> float:
        return self.records / statistics.median(self.seconds)


def make_world(people: int) -> World:
    """Make tokenizer, base and people from a seed."""
    items = fictional_catalogue(ITEMS, SEED)
    titles = [f"{item.title} ({item.year})" for item in items]
    vectors = Encoder.load().encode([item.text for item in items])
    catalogue = Catalogue([item.external_id for item in items], vectors, titles)
    drawn = list(subjects(catalogue, people + HELD_OUT, SEED, RECORDS))
    return World(make_base(titles), catalogue, drawn)


def make_base(titles: Sequence[str]) -> TextModel:
    """Make a Llama of random weights, and a tokenizer trained on the catalogue's titles."""
    template = Template.read()
    tok = Tokenizer(models.BPE())
    tok.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tok.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=["<unk>"],
        show_progress=False,
    )
    words = template.text.replace("{", " ").replace("}", " ")
    tok.train_from_iterator([*titles, *[words, " Yes", " No"] * 20], trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=tok, unk_token="<unk>")
    torch.manual_seed(SEED)
    lm = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            num_attention_heads=8,
            num_key_value_heads=8,
            max_position_embeddings=2048,
            initializer_range=0.05,
            attn_implementation=TREE,
            **SHAPE,
        )
    )
    model = TextModel(lm.eval().requires_grad_(False), Wording(template, tokenizer))
    return probed(model)


# --- ours ------------------------------------------------------------------------------------


def train_ours(world: World, config: TrainingConfig, prompts: list[Prompt]) -> AdapterState:
    """Train one slice as a worker does."""
    state = initial_state(world.model, config, 0)
    return train_slice(world.model, config, 0, 0, prompts, state, world.catalogue)


def tokens_of(world: World, prompts: Sequence[Prompt]) -> list[int]:
    """Return the tokens of each prompt: its history once, and all its questions."""
    model, catalogue = world.model, world.catalogue
    return [
        model.history_size(prompt.prefix, catalogue)
        + sum(model.question_size([target], catalogue) for target in prompt.suffixes)
        for prompt in prompts
    ]


# --- Trainer ---------------------------------------------------------------------------------


class YesNoTrainer(Trainer):
    """Trainer with our loss: the cross-entropy of Yes against No at the last token."""

    answers: tuple[int, int]

    def compute_loss(self, model: Any, inputs: Any, *args: Any, **options: Any) -> Tensor:
        liked = inputs.pop("liked")
        logits = model(**inputs, logits_to_keep=1, use_cache=False).logits[:, -1]
        yes, no = self.answers
        return binary_cross_entropy_with_logits(logits[:, yes] - logits[:, no], liked)


def windows_of(world: World, prompts: Sequence[Prompt]) -> list[dict[str, Any]]:
    """Return each one-target prompt as tokens and an answer."""
    wording, catalogue = world.model.wording, world.catalogue
    return [
        {
            "input_ids": [
                *wording.history(prompt.prefix, catalogue),
                *wording.question(prompt.suffixes[0].item, catalogue),
            ],
            "liked": float(prompt.suffixes[0].liked),
        }
        for prompt in prompts
    ]


def left_padded(rows: Sequence[dict[str, Any]]) -> dict[str, Tensor]:
    """Put rows into a batch, their ends side by side; no mask where all are of one length."""
    width = max(len(row["input_ids"]) for row in rows)
    ids = torch.zeros(len(rows), width, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for place, row in enumerate(rows):
        ids[place, width - len(row["input_ids"]) :] = torch.tensor(row["input_ids"])
        mask[place, width - len(row["input_ids"]) :] = 1
    liked = torch.tensor([row["liked"] for row in rows])
    return {"input_ids": ids, "liked": liked} | ({} if mask.all() else {"attention_mask": mask})


def make_trainer(
    world: World, config: TrainingConfig, windows: list[dict[str, Any]], rows: int, folder: str
) -> YesNoTrainer:
    """Set Trainer and PEFT up over a copy of the base with its own attention."""
    torch.manual_seed(SEED)  # PEFT draws initial weights from the global generator
    lm = copy.deepcopy(world.model.lm)
    lm.set_attn_implementation("sdpa")
    lora = LoraConfig(
        r=config.rank,
        lora_alpha=config.alpha,
        target_modules=list(config.target_modules),
        task_type="CAUSAL_LM",
    )
    steps = config.epochs * -(-len(windows) // rows)
    arguments = TrainingArguments(
        folder,
        num_train_epochs=config.epochs,
        per_device_train_batch_size=rows,
        train_sampling_strategy="group_by_length",
        learning_rate=config.learning_rate,
        weight_decay=config.weight_decay,
        lr_scheduler_type="cosine",
        warmup_steps=round(config.warmup_share * steps),
        optim="adamw_torch_fused",
        max_grad_norm=0.0,
        use_cpu=True,
        logging_strategy="no",
        save_strategy="no",
        eval_strategy="no",
        report_to="none",
        disable_tqdm=True,
        remove_unused_columns=False,
        label_names=["liked"],
        seed=SEED,
    )
    trainer = YesNoTrainer(
        get_peft_model(lm, lora), arguments, train_dataset=windows, data_collator=left_padded
    )
    trainer.answers = (world.model.wording.yes, world.model.wording.no)
    return trainer


# --- measuring -------------------------------------------------------------------------------


def measure(case: Case, repeat: int) -> dict[str, Any]:
    """Train with both sides, in turn, and return what each did."""
    world, config = make_world(case.people), case.config
    learned, held_out = world.people[: case.people], world.people[case.people :]
    prompts = world.prompts(config, learned)
    single = replace(config, targets_per_prompt=1)
    windows = windows_of(world, world.prompts(single, learned))
    every = world.prompts(single, held_out)
    asked = every[:: -(-len(every) // ASKED)]
    counted = tokens_of(world, prompts)
    records = config.epochs * sum(len(prompt.suffixes) for prompt in prompts)
    assert records == config.epochs * len(windows), "both sides learn the same targets"
    lengths = [len(window["input_ids"]) for window in windows]
    rows = max(1, round(statistics.mean(counted) * config.batch_prompts / statistics.mean(lengths)))
    ours, theirs = Side([], sum(counted), records, 0), Side([], sum(lengths), records, 0)
    for _ in range(repeat):
        began = time.process_time()
        state = train_ours(world, config, prompts)
        ours.seconds.append(time.process_time() - began)
        with tempfile.TemporaryDirectory() as folder:
            trainer = make_trainer(world, config, windows, rows, folder)
            theirs.seconds.append(_trained(trainer))
            trainer.model.save_pretrained(folder)
            other = load_adapter(Path(folder))
    ours.loss = held_out_loss(world, asked, state, "suffix")
    theirs.loss = held_out_loss(world, asked, other, "full")
    share = float(np.mean([prompt.suffixes[0].liked for prompt in asked]))
    return {
        "history": case.history,
        "targets": case.targets,
        "records": records,
        "trainer_rows_a_step": rows,
        "ratio": ours.records_per_second / theirs.records_per_second,
        "ours": _shown(ours),
        "trainer": _shown(theirs),
        "loss_untrained": held_out_loss(world, asked, None, "suffix"),
        "loss_constant": -(share * np.log(share) + (1 - share) * np.log(1 - share)),
    }


def _trained(trainer: YesNoTrainer) -> float:
    # Our determinism costs time that nobody asks of Trainer.
    torch.use_deterministic_algorithms(False)
    began = time.process_time()
    trainer.train()
    spent = time.process_time() - began
    torch.use_deterministic_algorithms(True)
    return spent


def held_out_loss(
    world: World, asked: list[Prompt], state: AdapterState | None, scope: Scope
) -> float:
    """Return the mean cross-entropy on one-target windows, by the function that serves."""
    mixture = Mixture(world.model, {} if state is None else {0: state}, scope)
    logits = np.concatenate(mixture.score(asked, world.catalogue))
    liked = torch.tensor([float(prompt.suffixes[0].liked) for prompt in asked])
    return float(binary_cross_entropy_with_logits(torch.from_numpy(logits), liked))


def _shown(side: Side) -> dict[str, Any]:
    found = asdict(side) | {"records_per_second": side.records_per_second}
    return found | {"tokens_a_record": side.tokens * CONFIG.epochs / side.records}


def figures(repeat: int) -> dict[str, Any]:
    """Return all cases, and on top the least ratio among them."""
    cases = [measure(case, repeat) for case in CASES]
    return {
        "records_per_second_vs_trainer": min(case["ratio"] for case in cases),
        "base_parameters": sum(p.numel() for p in make_world(1).model.lm.parameters()),
        "cases": cases,
    }


def show(found: dict[str, Any]) -> None:
    """Print the figures as a table."""
    table = Table("measured", *(f"{c['history']} + {c['targets']}" for c in found["cases"]))
    table.title = "History + targets: Lethe beside Trainer and PEFT"
    for name in ("ratio", "records", "trainer_rows_a_step", "loss_untrained", "loss_constant"):
        table.add_row(name.replace("_", " "), *(f"{case[name]:.4g}" for case in found["cases"]))
    for side in ("ours", "trainer"):
        for name in ("records_per_second", "tokens_a_record", "loss"):
            values = (f"{case[side][name]:.4g}" for case in found["cases"])
            table.add_row(f"{side}: {name.replace('_', ' ')}", *values)
    console = Console()
    console.print(table)
    ratio = found["records_per_second_vs_trainer"]
    console.print(f"records_per_second_vs_trainer: {ratio:.2f}, wanted {WANTED} or more")


def main() -> None:
    """Read the command line, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--repeat", type=int, default=3, help="repetitions (default: %(default)s)")
    given = parser.parse_args()
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    configure(1)
    disable_progress_bar()
    set_verbosity_error()
    found = figures(given.repeat)
    if given.json:
        print(json.dumps(found, indent=2))
    else:
        show(found)


if __name__ == "__main__":
    main()
