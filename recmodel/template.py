"""Templates of the text front end: a file whose placeholders the titles of items fill.

The history comes first and the target last, so that the whole history is a prefix that many
targets share (the order of TALLRec, arXiv 2305.00447). The question begins right after the last
placeholder of the history; there its tokens are joined to the history's. Free of torch.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from string import Formatter

HISTORY = ("liked", "disliked")
TARGET = "target"
PLACEHOLDERS = (*HISTORY, TARGET)
DEFAULT = Path(__file__).with_name("templates") / "titles.txt"


class TemplateError(ValueError):
    """A template cannot be filled, or asks before the history ends."""


@dataclass(frozen=True)
class Template:
    """A template's text, in the pieces that are filled and made into tokens one by one.

    head: literal texts and placeholders of the history, in turn; opening: the question's fixed
    words before the title, by which an activated LoRA is invoked; closing: those after it.
    """

    text: str
    head: tuple[str, ...]
    opening: str
    closing: str

    @classmethod
    def parse(cls, text: str) -> Template:
        """Take a template apart; raises TemplateError naming the placeholder and the remedy."""
        if "\0" in text:
            raise TemplateError("it holds a zero byte, which no text does: name another file")
        literals, names = _parts(text)
        _check(names)
        opening, closing = literals[-2], _closing(literals[-1])
        if not opening.strip() or not closing.strip():
            raise TemplateError(
                f"{{{TARGET}}} needs words between the history and itself, and words after it:"
                ' write for example `Will the person like "{target}"?` and `Answer:` on lines of'
                " their own"
            )
        head = tuple(part for pair in zip(literals, names[:-1], strict=False) for part in pair)
        return cls(text, head, opening, closing)

    @classmethod
    def read(cls, path: Path | None = None) -> Template:
        """Read a template file, None for the one that comes along; the last line end is left out.

        Raises TemplateError when it cannot be read or filled.
        """
        try:
            return cls.parse((path or DEFAULT).read_text("utf-8").removesuffix("\n"))
        except TemplateError as error:
            raise TemplateError(f"the template {path or DEFAULT}: {error}") from None
        except (OSError, UnicodeDecodeError) as error:
            raise TemplateError(
                f"the template {path} cannot be read as UTF-8 text ({error}): name another file"
            ) from None

    @property
    def digest(self) -> str:
        """Return `sha256:<hex>` of the text."""
        return f"sha256:{hashlib.sha256(self.text.encode()).hexdigest()}"

    def history(self, liked: Iterable[str], disliked: Iterable[str]) -> str:
        """Return the prefix: all up to the question, titles in quotes and in the order given."""
        lists = {"liked": _quoted(liked), "disliked": _quoted(disliked)}
        literals, names = self.head[::2], self.head[1::2]
        return "".join(text + lists[name] for text, name in zip(literals, names, strict=True))

    def answer(self, word: str) -> str:
        """Return an answer as it follows the closing words: after a line end, or after a space."""
        return word if self.closing.endswith("\n") else f" {word}"


def _parts(text: str) -> tuple[list[str], list[str]]:
    """Return the literal texts, one more than there are placeholders, and the placeholders."""
    try:
        parsed = list(Formatter().parse(text))
    except ValueError as error:
        raise TemplateError(f"{error}: write {{{{ and }}}} for braces that are text") from None
    literals, names = [""], []
    for literal, name, form, conversion in parsed:
        literals[-1] += literal
        if name is None:
            continue
        if name not in PLACEHOLDERS or form or conversion:
            known = ", ".join(f"{{{known}}}" for known in PLACEHOLDERS)
            raise TemplateError(
                f"the placeholder {{{name}}} is unknown or has a format: use {known} as they"
                " stand here, and write {{ and }} for braces that are text"
            )
        names.append(name)
        literals.append("")
    return literals, names


def _check(names: list[str]) -> None:
    for name in PLACEHOLDERS:
        if names.count(name) != 1:
            raise TemplateError(
                f"the placeholder {{{name}}} stands {names.count(name)} times in it: it must stand"
                " there once"
            )
    if names[-1] != TARGET:
        raise TemplateError(
            f"{{{names[-1]}}} comes after {{{TARGET}}}: put the target last, as the whole history"
            " is the prefix that many targets share"
        )


def _closing(literal: str) -> str:
    # The space before an answer belongs to the answer: most tokenizers put it there.
    return literal.rstrip(" ")


def _quoted(titles: Iterable[str]) -> str:
    return ", ".join(f'"{title}"' for title in titles)
