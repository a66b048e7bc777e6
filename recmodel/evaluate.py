"""Evaluate without a database: `python -m recmodel.evaluate [--movielens FOLDER]`.

Without a folder: simulated people over a fictional catalogue. `manage.py evaluate` does the same
with what has been imported.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from recmodel.base import BrokenBaseError, load_base
from recmodel.determinism import configure
from recmodel.encoder import Encoder, EncoderMismatch
from recmodel.evaluation.options import (
    EvaluationError,
    add_options,
    read_options,
    read_threshold,
    source_options,
)
from recmodel.evaluation.output import give, progress_bar
from recmodel.evaluation.run import evaluate
from recmodel.evaluation.sources import movielens, simulated


def main() -> None:
    """Read the command line, evaluate and report."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--movielens", type=Path, help="a folder with ratings.csv and movies.csv")
    add_options(parser)
    given = vars(parser.parse_args())
    configure(1)
    command = f"python -m recmodel.evaluate {source_options('movielens', given)}".strip()
    try:
        evaluate_folder(given["movielens"], given, command)
    except (EvaluationError, BrokenBaseError, EncoderMismatch, OSError) as error:
        sys.exit(str(error))


def evaluate_folder(folder: Path | None, given: dict[str, Any], command: str) -> None:
    """Evaluate the people of a folder, or simulated ones, and report.

    given: the options by name; command: what the page says was run, without those of `Options`.
    """
    options, liked_above = read_options(given), read_threshold(given["like_above"])
    encoder = Encoder.load()
    with progress_bar() as on_progress:

        def on_embedded(done: int, total: int) -> None:
            on_progress(done, total, "embedding items")

        if folder is None:
            data = simulated(encoder, on_embedded, most_targets=options.most_targets)
        else:
            data = movielens(
                folder,
                encoder,
                on_embedded,
                liked_above=liked_above,
                most_targets=options.most_targets,
            )
        result = evaluate(data.called(given["name"]), load_base(), options, on_progress)
    give(result, command=command, to_json=given["json"], out=given["out"])


if __name__ == "__main__":
    main()
