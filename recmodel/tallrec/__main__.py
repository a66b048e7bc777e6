"""TALLRec's two stages on its own JSON rows, with baselines beside every AUC.

    python -m recmodel.tallrec instruct --base BASE --rows alpaca.json --out FOLDER
    python -m recmodel.tallrec tune --base FOLDER --train F --valid F --test F [F ...]
        [--shots 16 64 256 all] [--seeds 0 1 2] [--json]

`instruct` tunes a base on instructions and saves the result as a new base. `tune` trains an adapter
on few rows, or all, and asks test rows, of other domains too: name several test files.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from itertools import product
from pathlib import Path
from statistics import mean

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from recmodel import hardware
from recmodel.adapter import save_adapter
from recmodel.determinism import configure
from recmodel.tallrec import instruct, tuning
from recmodel.tallrec.frame import Frame
from recmodel.tallrec.prompts import RowWording
from recmodel.tallrec.rows import RowsError, read_recommendations, read_rows
from recmodel.text import TextModel, TooLongError
from recmodel.text_base import FAULTS, load_text, read_tokenizer
from recmodel.training import OnStep
from recmodel.training_config import ConfigError, TrainingConfig

# What is wrong with the input; each message says what to do.
# Of ranks and threads: beyond it no memory and no machine goes.
MOST = 4096

KNOWN = (*FAULTS, RowsError, ConfigError, TooLongError, ValueError, OSError)


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line and run a stage; what is wrong with the input is one line."""
    given = _parser().parse_args(arguments)
    configure(given.threads)
    try:
        given.run(given)
    except KNOWN as error:
        sys.exit(f"{type(error).__name__}: {error}")


def _instruct(given: argparse.Namespace) -> None:
    frame, rows = Frame.read(given.frame), read_rows(given.rows)
    _check_free(given.out)
    model, tokenizer = _load(given, frame)
    config = _config(given, instruct.PAPER, given.epochs, given.seed)
    examples, left_out = instruct.examples_of(rows, frame, tokenizer, given.cutoff)
    with Progress(console=Console(stderr=True)) as bar:
        state, losses = instruct.instruct(
            model, examples, config, on_step=_told(bar, "Instructions")
        )
    instruct.merge(model, state)
    facts = {
        "base": given.base,
        "rows": len(examples),
        "cutoff": given.cutoff,
        "loss of each epoch": losses,
    }
    digest = instruct.save_base(given.out, model, tokenizer, config, facts)
    found = {"base": str(given.out), "digest": digest, "losses": losses, "rows": len(examples)}
    if given.json:
        print(json.dumps(found | {"left_out": left_out}, indent=2))
    else:
        print(f"{given.out}: {digest}")
        print(f"{len(examples)} rows, {left_out} left out as too long. Mean loss of each epoch:")
        print(", ".join(f"{loss:.4f}" for loss in losses))


def _tune(given: argparse.Namespace) -> None:
    frame = Frame.read(given.frame)
    train, valid = read_recommendations(given.train), read_recommendations(given.valid)
    tests = {str(path): read_recommendations(path) for path in given.test}
    if given.save:
        _check_free(given.save)
    model, _ = _load(given, frame)
    epochs = tuple(dict.fromkeys(given.epochs))
    config = _config(given, tuning.PAPER, epochs[0], 0)
    setting = tuning.Setting(frame, config, epochs, given.cutoff)
    runs = []
    with Progress(console=Console(stderr=True)) as bar:
        for shots, seed in product(given.shots, given.seeds):
            name = f"{shots or 'all'}-shots-seed-{seed}"
            run, state = tuning.run(
                model, train, valid, tests, setting, shots=shots, seed=seed,
                on_step=_told(bar, name),
            )  # fmt: skip
            runs.append(run)
            if given.save:
                save_adapter(given.save / name, state)
    if given.json:
        print(json.dumps([asdict(run) for run in runs], indent=2))
    else:
        _show(runs)


def _told(bar: Progress, name: str) -> OnStep:
    task = bar.add_task(name, total=None)
    return lambda done, total: bar.update(task, completed=done, total=total)


def _check_free(folder: Path) -> None:
    if folder.exists() or folder.is_symlink():
        raise FileExistsError(f"{folder} is there already: name a folder that is not")


def _show(runs: list[tuning.Run]) -> None:
    """Print one table a test file: a row for each number of shots, the mean over the seeds."""
    for name in runs[0].test:
        scores = list(runs[0].test[name])
        table = Table("shots", "seeds", *scores, title=f"AUC on {name}")
        for shots in dict.fromkeys(run.shots for run in runs):
            of_size = [run for run in runs if run.shots == shots]
            means = [mean(run.test[name][score] for run in of_size) for score in scores]
            table.add_row(str(shots), str(len(of_size)), *(f"{value:.3f}" for value in means))
        Console().print(table)


def _load(given: argparse.Namespace, frame: Frame) -> tuple[TextModel, object]:
    model = load_text(
        given.base,
        frame.template,
        wording=RowWording,
        dtype=given.dtype,
        device_map=given.device_map,
    )
    return model, read_tokenizer(given.base)


def _config(
    given: argparse.Namespace, paper: TrainingConfig, epochs: int, seed: int
) -> TrainingConfig:
    return replace(
        paper,
        rank=given.rank,
        alpha=given.alpha,
        target_modules=tuple(given.targets),
        learning_rate=given.lr,
        batch_prompts=given.batch,
        pass_prompts=given.pass_rows,
        epochs=epochs,
        seed=f"{seed:064x}",
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m recmodel.tallrec",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    stages = parser.add_subparsers(required=True, metavar="STAGE")
    first = stages.add_parser("instruct", help="tune a base on instructions; makes a new base")
    first.add_argument("--rows", type=Path, required=True, help="rows in Alpaca's format")
    first.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="is made")
    first.add_argument("--epochs", type=_positive, default=instruct.PAPER.epochs)
    first.add_argument("--seed", type=_whole, default=0)
    first.set_defaults(run=_instruct)
    second = stages.add_parser("tune", help="train adapters on recommendation rows and measure")
    for name in ("train", "valid"):
        second.add_argument(f"--{name}", type=Path, required=True, metavar="FILE")
    second.add_argument("--test", type=Path, required=True, nargs="+", metavar="FILE")
    second.add_argument("--shots", type=_shots, nargs="+", default=[16, 64, 256, None])
    second.add_argument("--seeds", type=_whole, nargs="+", default=[0, 1, 2])
    second.add_argument(
        "--epochs",
        type=_positive,
        nargs="+",
        default=[tuning.PAPER.epochs],
        help="of several, those count whose adapter ranks the valid rows best",
    )
    second.add_argument(
        "--save", type=Path, metavar="FOLDER", help="write each run's adapter here, as PEFT does"
    )
    second.set_defaults(run=_tune)
    for stage in (first, second):
        _common(stage)
    return parser


def _common(stage: argparse.ArgumentParser) -> None:
    paper = tuning.PAPER
    stage.add_argument("--base", required=True, help="a folder, or a hub id")
    stage.add_argument("--frame", type=Path, metavar="FILE", help="with {instruction} and {input}")
    stage.add_argument("--rank", type=_few, default=paper.rank)
    stage.add_argument("--alpha", type=_positive, default=paper.alpha)
    stage.add_argument("--targets", nargs="+", default=list(paper.target_modules), metavar="LAYER")
    stage.add_argument("--lr", type=float, default=paper.learning_rate)
    stage.add_argument("--batch", type=_positive, default=paper.batch_prompts)
    stage.add_argument(
        "--pass", dest="pass_rows", type=_whole, default=0, metavar="ROWS",
        help="rows of a batch that go through the base at a time, to save memory; 0: all",
    )  # fmt: skip
    stage.add_argument("--cutoff", type=_positive, default=512, help="most tokens of a row")
    stage.add_argument("--dtype", choices=hardware.DTYPES, default=hardware.dtype())
    stage.add_argument("--device-map", help="spread the base over devices, such as auto")
    stage.add_argument("--threads", type=_few, default=1)
    stage.add_argument("--json", action="store_true", help="print JSON instead of a table")


def _positive(text: str) -> int:
    return _at_least(text, 1)


def _whole(text: str) -> int:
    return _at_least(text, 0)


def _shots(text: str) -> int | None:
    return None if text == "all" else _at_least(text, 1)


def _few(text: str) -> int:
    number = _positive(text)
    if number > MOST:
        raise argparse.ArgumentTypeError(f"{text!r} is more than {MOST}")
    return number


def _at_least(text: str, least: int) -> int:
    if not (text.isascii() and text.isdigit() and least <= int(text) < 2**63):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least {least}")
    return int(text)


if __name__ == "__main__":
    main()
