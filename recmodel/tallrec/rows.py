"""Rows of `instruction`, `input` and `output`, as TALLRec and Alpaca publish them. No torch.

A file is one JSON list, or one JSON object a line. In a recommendation row the input's last line
asks about the target, so all before it is a prefix; the two lines above it hold what was liked and
what was not: `Words: "Title", "Other title" written by Somebody`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

# A title may hold quotes and commas; it ends where the next one, or the line, begins or ends.
_ITEM = re.compile(r'"(?P<title>.*?)"(?: ?written by ?(?P<author>.*?))?(?=, "|$)')
_ANSWERS = {"yes": True, "no": False}


class RowsError(ValueError):
    """A file cannot be read as rows. The message says where and why, and repeats no row."""


@dataclass(frozen=True)
class Row:
    """One example in words."""

    instruction: str
    input: str
    output: str


@dataclass(frozen=True)
class RecommendationRow(Row):
    """A row that asks whether somebody will like one item. Personal data."""

    @property
    def liked(self) -> bool:
        """Return what the answer is."""
        return _ANSWERS[_answer(self.output)]

    @property
    def history(self) -> str:
        """Return the input without its question."""
        return self.input.rstrip().rpartition("\n")[0]

    @property
    def question(self) -> str:
        """Return the input's last line."""
        return self.input.rstrip().rpartition("\n")[2]

    @cached_property
    def reactions(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return liked and disliked items; none where the history does not have two lines."""
        lines = self.history.split("\n")[-2:]
        if len(lines) != 2:
            return (), ()
        liked, disliked = (tuple(_items(line)) for line in lines)
        return liked, disliked

    @cached_property
    def target(self) -> str:
        """Return the item in question, "" where no title is quoted."""
        return next(_items(self.question.rstrip("?").replace('""', '"', 1)), "")


def read_rows(path: Path) -> list[Row]:
    """Read rows of any task. Raises RowsError naming file and row."""
    return [Row(*fields) for _, fields in _read(path)]


def read_recommendations(path: Path) -> list[RecommendationRow]:
    """Read rows whose output is "Yes." or "No.". Raises RowsError naming file and row."""
    rows = []
    for number, fields in _read(path):
        row = RecommendationRow(*fields)
        if _answer(row.output) not in _ANSWERS:
            raise RowsError(f'{path}, row {number}: output is neither "Yes." nor "No."')
        if not row.question:
            raise RowsError(f"{path}, row {number}: input is empty, so it asks nothing")
        rows.append(row)
    return rows


def _items(line: str) -> Iterator[str]:
    """Yield the items of a line, each as its title and, where it has one, its author."""
    for found in _ITEM.finditer(line):
        # Some files quote a whole target, its author included.
        parts = (part.strip().rstrip('"') for part in found.groups() if part)
        yield " written by ".join(parts)


def _answer(output: str) -> str:
    return output.strip().rstrip(".").lower()


def _read(path: Path) -> Iterator[tuple[int, tuple[str, str, str]]]:
    objects = _objects(path)
    if not objects:
        raise RowsError(f"{path} has no rows: give a JSON list of rows, or one row a line")
    for number, row in enumerate(objects, start=1):
        if not isinstance(row, dict):
            raise RowsError(f"{path}, row {number} is not an object with named fields")
        yield (
            number,
            (
                _field(path, number, row, "instruction"),
                _field(path, number, row, "input", ""),
                _field(path, number, row, "output"),
            ),
        )


def _field(
    path: Path, number: int, row: dict[str, Any], name: str, default: str | None = None
) -> str:
    value = row.get(name, default)
    if not isinstance(value, str) or (default is None and not value.strip()):
        raise RowsError(f"{path}, row {number}: {name} is missing or is not a text")
    if any("\ud800" <= char <= "\udfff" for char in value):  # JSON lets halves of characters pass
        raise RowsError(f"{path}, row {number}: {name} holds half a character: write it anew")
    return value


def _objects(path: Path) -> list[Any]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise RowsError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise RowsError(f"{path} is not UTF-8: save it as UTF-8") from None
    if text.lstrip().startswith("["):
        return list(_parsed(text, str(path)))
    lines = ((n, line) for n, line in enumerate(text.split("\n"), start=1) if line.strip())
    return [_parsed(line, f"{path}, line {number}") for number, line in lines]


def _parsed(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        remedy = "give a JSON list of rows, or one row a line"
        raise RowsError(f"{where} is not JSON: {remedy}") from None
