"""The words around a row: a file with the placeholders {instruction} and {input}. No torch.

Both stages of tuning use the same frame. A recommendation row is cut before its question, so that
the text up to there is a prefix.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from recmodel.tallrec.rows import RecommendationRow, Row
from recmodel.template import Template, TemplateError

DEFAULT = Path(__file__).parents[1] / "templates" / "instruction.txt"
INSTRUCTION, INPUT = "{instruction}", "{input}"


@dataclass(frozen=True)
class Frame:
    """What stands before, between and after a row's instruction and input."""

    opening: str
    middle: str
    closing: str

    @classmethod
    def parse(cls, text: str) -> Frame:
        """Take a frame's text apart. Raises TemplateError naming the placeholder."""
        for name in (INSTRUCTION, INPUT):
            if text.count(name) != 1:
                raise TemplateError(
                    f"{name} stands {text.count(name)} times in it: it must stand there once"
                )
        opening, _, rest = text.partition(INSTRUCTION)
        middle, found, closing = rest.partition(INPUT)
        if not found:
            raise TemplateError(f"{INPUT} comes before {INSTRUCTION}: the question stands last")
        if not closing.strip():
            raise TemplateError(f"no words come after {INPUT}: write for example `Answer:`")
        # The space before an answer belongs to the answer: most tokenizers put it there.
        return cls(opening, middle, closing.rstrip(" "))

    @classmethod
    def read(cls, path: Path | None = None) -> Frame:
        """Read a frame's file, None for the one that comes along; its last line end is left out.

        Raises TemplateError when it cannot be read or filled.
        """
        try:
            return cls.parse((path or DEFAULT).read_text("utf-8").removesuffix("\n"))
        except TemplateError as error:
            raise TemplateError(f"the frame {path}: {error}") from None
        except (OSError, UnicodeDecodeError):
            raise TemplateError(f"the frame {path} cannot be read as UTF-8 text") from None

    @property
    def template(self) -> Template:
        """Return the frame as the text front end takes it: no titles, the same closing words."""
        text = f"{self.opening}{INSTRUCTION}{self.middle}{INPUT}{self.closing}"
        return Template(text, (), "\n", self.closing)

    def asked(self, row: Row) -> str:
        """Return all of a row up to its answer."""
        return f"{self.opening}{row.instruction}{self.middle}{row.input}{self.closing}"

    def prefix(self, row: RecommendationRow) -> str:
        """Return a recommendation row up to its question."""
        return f"{self.opening}{row.instruction}{self.middle}{row.history}"

    def question(self, row: RecommendationRow) -> str:
        """Return the question as it follows the prefix, without the closing words."""
        return f"\n{row.question}" if row.history else row.question
