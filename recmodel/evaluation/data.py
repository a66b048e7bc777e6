"""What is evaluated: people's records, and the questions that are cut from their ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from recmodel.catalogue import Catalogue
from recmodel.partition import keyed_digest
from recmodel.prompts import Reaction

# A subject's latest records that are held out, as a share of all of its records.
HELD_OUT = 0.2
KEY = b"evaluation"  # chooses which of many held-out records are kept

Records = Mapping[str, Sequence[Reaction]]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Question:
    """One subject's held-out records, and all of its records before them, in time order."""

    subject: str
    history: tuple[Reaction, ...]
    targets: tuple[Reaction, ...]

    @property
    def items(self) -> list[str]:
        """Return what is asked about: all that a method may see of the targets."""
        return [reaction.item for reaction in self.targets]


@dataclass(frozen=True)
class Split:
    """What methods learn from, and what they are asked.

    `split_by_time` makes one of people's records; a source that comes with questions of its own
    makes it itself.
    """

    known: Records
    questions: tuple[Question, ...]

    @cached_property
    def liked(self) -> Bools:
        """Return the answers, bool [rows]: a row for every target, question by question."""
        return np.array([r.liked for q in self.questions for r in q.targets], bool)

    @cached_property
    def users(self) -> Ints:
        """Return the place of each row's question, int64 [rows]."""
        return np.repeat(
            np.arange(len(self.questions)), [len(question.targets) for question in self.questions]
        )


@dataclass(frozen=True)
class DataSet:
    """A catalogue and what is asked, under the name that a report gives it.

    `liked` says in words what counts as a like.
    """

    name: str
    liked: str
    catalogue: Catalogue
    split: Split

    def called(self, name: str | None) -> DataSet:
        """Return the same under another name, None for the one it has."""
        return self if name is None else replace(self, name=name)


def split_by_time(records: Records, most_targets: int | None = None) -> Split:
    """Hold out the last fifth of each subject's records, rounded up.

    `most_targets` keeps so many of a subject's held-out records, chosen by keyed hash; None keeps
    all of them. Whoever has no record gives no question.
    """
    known, questions = {}, []
    for subject, mine in records.items():
        cut = int(len(mine) * (1 - HELD_OUT))
        targets = list(mine[cut:])
        if most_targets is not None and len(targets) > most_targets:
            targets.sort(key=lambda r: keyed_digest(KEY, subject, r.item, r.at))
            targets = sorted(targets[:most_targets], key=lambda r: (r.at, r.item))
        if cut:
            known[subject] = tuple(mine[:cut])
        if targets:
            questions.append(Question(subject, tuple(mine[:cut]), tuple(targets)))
    return Split(known, tuple(questions))
