"""From titles to tokens: a template and a tokenizer, any of transformers'.

A prompt is made into tokens in pieces that are the same in training and serving: the history, the
question's opening words, and the title with the closing words. The pieces' tokens are joined and
never made anew from the joined text, so a prefix has the same tokens whatever is asked after it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from recmodel.catalogue import Catalogue
from recmodel.prompts import Reaction
from recmodel.template import Template, TemplateError

YES, NO = "Yes", "No"


class AnswerError(ValueError):
    """A tokenizer gives no single token for an answer, or the same for both."""


class Wording:
    """Prompts as token ids, and the two ids that answer. Shared by a model's copies.

    opening: the tokens that every question begins with, by which an activated LoRA is invoked;
    yes, no: the tokens that follow a question in each case.

    Raises AnswerError for a tokenizer that has no such tokens, TemplateError for an opening that
    comes again in the closing words.
    """

    def __init__(self, template: Template, tokenizer: Any) -> None:
        self.template = template
        self._tokenizer = tokenizer
        self._start = self._start_tokens()
        self.opening = self._tokens(template.opening)
        self._asked: dict[str, tuple[int, ...]] = {}
        self.yes, self.no = self._answer(YES), self._answer(NO)
        if self.yes == self.no:
            raise AnswerError(
                f"the tokenizer has one token, {self.yes}, for {YES} and {NO}: use a tokenizer"
                " that knows both words"
            )
        self._check_opening()

    def __deepcopy__(self, memo: dict[int, object]) -> Wording:
        # Nothing in it changes but the questions that it remembers.
        return self

    @property
    def tokenizer_digest(self) -> str:
        """Return `sha256:<hex>` over what turns text into tokens."""
        backend = getattr(self._tokenizer, "backend_tokenizer", None)
        if backend is not None:
            text = backend.to_str()
        else:
            text = json.dumps(self._tokenizer.get_vocab(), sort_keys=True)
        state = hashlib.sha256(text.encode())
        state.update(json.dumps([self._start, self.opening, self.yes, self.no]).encode())
        return f"sha256:{state.hexdigest()}"

    def history(self, reactions: Sequence[Reaction], catalogue: Catalogue) -> tuple[int, ...]:
        """Return a history's tokens. Raises UnknownItem when the catalogue lacks an item."""
        titles = catalogue.titles(reaction.item for reaction in reactions)
        told = list(zip(reactions, titles, strict=True))
        text = self.template.history(
            [title for reaction, title in told if reaction.liked],
            [title for reaction, title in told if not reaction.liked],
        )
        return self._start + self._tokens(text)

    def question(self, item: str, catalogue: Catalogue) -> tuple[int, ...]:
        """Return the tokens that ask about an item. Raises UnknownItem as `history` does."""
        (title,) = catalogue.titles([item])
        if title not in self._asked:
            self._asked[title] = self._question(title)
        return self._asked[title]

    def _check_opening(self) -> None:
        closing = self._question("")[1:]
        if any(closing[at:][: len(self.opening)] == self.opening for at in range(len(closing))):
            raise TemplateError(
                f"the words that open the question, {self.template.opening!r}, come again after"
                " {target}: an activated LoRA would begin there; open it with other words"
            )

    def _question(self, title: str) -> tuple[int, ...]:
        return self.opening + self._tokens(title + self.template.closing)

    def _tokens(self, text: str) -> tuple[int, ...]:
        return tuple(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def _start_tokens(self) -> tuple[int, ...]:
        """Return what the tokenizer puts before a text, as the base was trained with it."""
        plain = self._tokens("a")
        marked = tuple(self._tokenizer("a")["input_ids"])
        for at in range(len(marked)):
            if marked[at:][: len(plain)] == plain:
                return marked[:at]
        return ()

    def _answer(self, word: str) -> int:
        """Return the one token that an answer adds after a question, as the text goes on."""
        closing = self.template.closing
        before, after = self._tokens(closing), self._tokens(closing + self.template.answer(word))
        added = after[len(before) :]
        if after[: len(before)] != before or len(added) != 1:
            raise AnswerError(
                f"after {closing!r} the answer {word!r} is not one token of its own: the tokenizer"
                f" gives {after} for both and {before} for the first. End the template with"
                " `Answer:` or with an empty line, or use another base"
            )
        if added[0] == self._tokenizer.unk_token_id:
            raise AnswerError(f"the tokenizer does not know the answer {word!r}: use another base")
        return int(added[0])
