"""The second stage: an adapter learns recommendation rows, few of them or all, and is measured."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score

from recmodel.adapter import AdapterState
from recmodel.catalogue import Catalogue
from recmodel.mixture import Mixture
from recmodel.prompts import Prompt
from recmodel.scoring import Logits
from recmodel.tallrec import instruct
from recmodel.tallrec.baselines import baselines
from recmodel.tallrec.frame import Frame
from recmodel.tallrec.prompts import prompts_of_rows
from recmodel.tallrec.rows import RecommendationRow, RowsError
from recmodel.tallrec.shots import draw
from recmodel.text import TextModel
from recmodel.training import OnStep, initial_state, train_slice
from recmodel.training_config import TrainingConfig

Rows = Sequence[RecommendationRow]

# The paper's, but for epochs: it trains up to 200 and keeps the best on the valid rows.
PAPER = replace(instruct.PAPER, epochs=20)


@dataclass(frozen=True)
class Setting:
    """What runs have in common: frame, hyper-parameters, epochs to choose from, longest row."""

    frame: Frame
    training: TrainingConfig = PAPER
    epochs: tuple[int, ...] = (PAPER.epochs,)
    cutoff: int = 512


@dataclass(frozen=True)
class Run:
    """One draw, trained and measured: AUC of each score on each file of test rows.

    epochs: those whose adapter ranks the valid rows best, with its AUC there.
    """

    shots: int
    seed: int
    epochs: int
    valid: float
    test: dict[str, dict[str, float]]


def tuned(
    model: TextModel,
    rows: Rows,
    setting: Setting,
    seed: int,
    *,
    on_step: OnStep | None = None,
) -> AdapterState:
    """Train an adapter on rows from its initial weights. Raises RowsError for one too long."""
    check_length(model, rows, setting)
    prompts, catalogue = prompts_of_rows(rows, setting.frame)
    config = _seeded(setting.training, seed)
    state = initial_state(model, config, 0)
    return train_slice(model, config, 0, 0, prompts, state, catalogue, on_step=on_step)


def answers(
    model: TextModel, rows: Rows, setting: Setting, state: AdapterState | None
) -> npt.NDArray[np.float32]:
    """Return each row's logit, Yes minus No; without a state the base's own."""
    check_length(model, rows, setting)
    prompts, catalogue = prompts_of_rows(rows, setting.frame)
    adapters = {} if state is None else {0: state}
    logits: list[Logits] = Mixture(model, adapters, setting.training.scope).score(
        prompts, catalogue
    )
    return np.concatenate(logits)


def run(
    model: TextModel,
    train: Rows,
    valid: Rows,
    tests: Mapping[str, Rows],
    setting: Setting,
    *,
    shots: int | None,
    seed: int,
    on_step: OnStep | None = None,
) -> tuple[Run, AdapterState]:
    """Draw shots (None: all), train for each number of epochs, and measure the best on the tests.

    Returns what was measured, and the best adapter: the one that ranks the valid rows best. Test
    rows are asked once, at the end.
    """
    drawn = draw(train, shots, seed)
    tried = []
    for epochs in setting.epochs:
        chosen = replace(setting, training=replace(setting.training, epochs=epochs))
        state = tuned(model, drawn, chosen, seed, on_step=on_step)
        tried.append((auc(valid, answers(model, valid, setting, state)), epochs, state))
    best, epochs, state = max(tried, key=lambda one: one[0])
    measured = {name: _measured(model, drawn, rows, setting, state) for name, rows in tests.items()}
    return Run(len(drawn), seed, epochs, best, measured), state


def auc(rows: Rows, scores: npt.ArrayLike) -> float:
    """Return the AUC of scores. Raises RowsError where all answers are alike."""
    liked = [row.liked for row in rows]
    if len(set(liked)) < 2:
        raise RowsError(f"all {len(rows)} rows to be ranked have one answer: AUC needs both")
    return float(roc_auc_score(liked, scores))


def check_length(model: TextModel, rows: Rows, setting: Setting) -> None:
    """Raise RowsError for the first row of more tokens than the cutoff."""
    prompts, catalogue = prompts_of_rows(rows, setting.frame)
    for number, prompt in enumerate(prompts, start=1):
        size = _size(model, prompt, catalogue)
        if size > setting.cutoff:
            raise RowsError(
                f"a row takes {size} tokens, the {number}th of {len(rows)}: the cutoff is "
                f"{setting.cutoff}; raise it, or leave the row out"
            )


def _size(model: TextModel, prompt: Prompt, catalogue: Catalogue) -> int:
    return model.history_size(prompt.prefix, catalogue) + model.question_size(
        prompt.suffixes, catalogue
    )


def _measured(
    model: TextModel, known: Rows, rows: Rows, setting: Setting, state: AdapterState
) -> dict[str, float]:
    scores: dict[str, npt.ArrayLike] = {
        "tuned": answers(model, rows, setting, state),
        "untuned base": answers(model, rows, setting, None),
        **baselines(known, rows),
    }
    return {name: auc(rows, score) for name, score in scores.items()}


def _seeded(config: TrainingConfig, seed: int) -> TrainingConfig:
    return replace(config, seed=hashlib.sha256(f"tallrec {seed}".encode()).hexdigest())
