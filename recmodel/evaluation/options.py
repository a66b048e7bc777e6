"""The options that `manage.py evaluate` and `python -m recmodel.evaluate` share."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from recmodel.evaluation.ablations import ABLATIONS
from recmodel.evaluation.methods import Method, methods


class EvaluationError(ValueError):
    """What was asked for cannot be evaluated."""


@dataclass(frozen=True)
class Options:
    """What to evaluate: `methods` by name, None for all; `ablate` by name.

    seeds: how many. Each has its own keys, adapters and initial weights; the split is by time and
    the same for all. most_targets: of each person, None for all.
    """

    seeds: int = 1
    shards: tuple[int, ...] = (8, 32)
    methods: tuple[str, ...] | None = None
    ablate: tuple[str, ...] = ()
    most_targets: int | None = None

    def chosen(self) -> list[Method]:
        """Return the methods; raises EvaluationError for a name that is none."""
        every = methods(self.shards)
        if self.methods is None:
            return list(every)
        known = {method.name: method for method in every}
        for name in self.methods:
            if name not in known:
                raise EvaluationError(f"--methods names {name!r}: give some of {', '.join(known)}")
        return [method for method in every if method.name in self.methods]


DEFAULTS = Options()
LIKE_ABOVE = "3.5"
MOST_SEEDS, MOST_SHARDS, HIGHEST_RATING = 100, 1000, 10


def add_options(parser: ArgumentParser) -> None:
    """Add what says what to evaluate and where the figures go."""
    names = ", ".join(method.name for method in methods(DEFAULTS.shards))
    parser.add_argument(
        "--seeds", type=int, default=DEFAULTS.seeds, help="how many seeds [%(default)s]"
    )
    parser.add_argument(
        "--shards",
        default=",".join(map(str, DEFAULTS.shards)),
        metavar="K,K,...",
        help="numbers of shards for ours; other methods that shard take the first [%(default)s]",
    )
    parser.add_argument("--methods", default="", metavar="NAME,NAME,...", help=f"[all of {names}]")
    parser.add_argument(
        "--ablate",
        default="",
        metavar="NAME,NAME,...",
        help=f"vary one choice of ours at a time: {', '.join(ABLATIONS)} [none]",
    )
    parser.add_argument(
        "--most-targets",
        type=int,
        metavar="N",
        help="ask about N held-out records of each person at most, chosen by hash [all]",
    )
    parser.add_argument(
        "--like-above",
        default=LIKE_ABOVE,
        metavar="RATING",
        help="a higher rating is a like [%(default)s]",
    )
    parser.add_argument("--name", metavar="TEXT", help="what the report calls the data set")
    parser.add_argument(
        "--json", metavar="FILE", help="write all figures as JSON; - prints them instead of tables"
    )
    parser.add_argument(
        "--out", type=Path, metavar="PAGE.md", help="write a page, its plots in a folder beside it"
    )


def read_options(given: Mapping[str, Any]) -> Options:
    """Read the options; raises EvaluationError naming the option, the value and the remedy."""
    if not 1 <= given["seeds"] <= MOST_SEEDS:
        raise EvaluationError(f"--seeds is {given['seeds']}: give 1 to {MOST_SEEDS}")
    if given["most_targets"] is not None and given["most_targets"] < 1:
        raise EvaluationError(f"--most-targets is {given['most_targets']}: give at least 1")
    if given["out"] is not None and given["out"].suffix != ".md":
        raise EvaluationError(f"--out is {given['out'].name!r}: the page is Markdown, name a .md")
    _check_json(given["json"])
    ablate = _names(given["ablate"])
    for name in ablate:
        if name not in ABLATIONS:
            raise EvaluationError(f"--ablate names {name!r}: give some of {', '.join(ABLATIONS)}")
    options = Options(
        seeds=given["seeds"],
        shards=_shards(given["shards"]),
        methods=_names(given["methods"]) or None,
        ablate=ablate,
        most_targets=given["most_targets"],
    )
    options.chosen()
    return options


def read_threshold(text: str) -> Decimal:
    """Read the rating above which a record is a like; raises EvaluationError if it is none."""
    try:
        threshold = Decimal(text)
    except InvalidOperation:
        threshold = Decimal("NaN")
    if not (threshold.is_finite() and 0 <= threshold <= HIGHEST_RATING):
        raise EvaluationError(f"--like-above is {text!r}: give a rating, 0 to {HIGHEST_RATING}")
    return threshold


def source_options(folder: str, given: Mapping[str, Any]) -> str:
    """Return what says where the data come from, as it is given; `folder` names that option."""
    parts = [] if given[folder] is None else [f"--{folder} FOLDER"]
    if given["like_above"] != LIKE_ABOVE:
        parts.append(f"--like-above {given['like_above']}")
    return " ".join(parts)


def command_line(options: Options) -> str:
    """Return the options as they are given, without what they have by default."""
    parts = []
    for name, default in asdict(DEFAULTS).items():
        value = getattr(options, name)
        if value != default:
            text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
            parts.append(f"--{name.replace('_', '-')} {text}")
    return " ".join(parts)


def _check_json(file: str | None) -> None:
    """Refuse now what could not be written after hours."""
    if file not in (None, "-") and (Path(file).is_dir() or not Path(file).parent.is_dir()):
        raise EvaluationError(f"--json is {file!r}: name a file in a folder that is there")


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _shards(text: str) -> tuple[int, ...]:
    try:
        found = tuple(int(part) for part in _names(text))
    except ValueError:
        found = ()
    if not found or len(set(found)) < len(found) or not all(1 <= K <= MOST_SHARDS for K in found):
        raise EvaluationError(
            f"--shards is {text!r}: give different whole numbers from 1 to {MOST_SHARDS}, such as"
            " 8,32"
        )
    return found
