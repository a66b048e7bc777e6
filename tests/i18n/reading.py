"""Reads what stands in the sources, in the .po and in the .mo file, without GNU gettext."""

import ast
import re
from dataclasses import dataclass, field
from functools import cache
from html import unescape
from pathlib import Path

from django.conf import settings
from django.utils.translation.template import templatize

Texts = set[tuple[str, str | None]]  # the text, and its plural

ROOT = Path(settings.BASE_DIR)
FOLDER = ROOT / "locale/de/LC_MESSAGES"
ONE = {"gettext", "gettext_lazy", "gettext_noop"}
SEVERAL = {"ngettext", "ngettext_lazy"}
# Shorter ones stand in other words too, or are the same in both languages.
SURE = 12
STRING = r"""u?("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
IN_TEMPLATE = re.compile(rf"(?<!\w)(?:(?:_|gettext)\({STRING}\)|ngettext\({STRING},\s*{STRING})")


@dataclass
class Entry:
    """One text of a .po file with its translations: two where there is a plural."""

    flags: set[str] = field(default_factory=set)
    texts: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str | None]:
        return self.texts["msgid"], self.texts.get("msgid_plural")

    @property
    def translations(self) -> list[str]:
        return [text for name, text in self.texts.items() if name.startswith("msgstr")]


@cache
def po_entries() -> list[Entry]:
    """Return the entries of the German .po file; the first is its header."""
    blocks = (FOLDER / "django.po").read_text(encoding="utf-8").split("\n\n")
    return [_entry(block.splitlines()) for block in blocks if "msgid" in block]


def _entry(lines: list[str]) -> Entry:
    entry, name = Entry(), ""
    for line in lines:
        if line.startswith("#,"):
            entry.flags |= {flag.strip() for flag in line[2:].split(",")}
        elif not line.startswith("#"):
            before, _, text = line.partition('"')
            name = before.strip() or name
            entry.texts[name] = entry.texts.get(name, "") + ast.literal_eval('"' + text)
    return entry


def texts_of_sources() -> Texts:
    """Return every text that is marked for translation in the code and the templates."""
    found: Texts = set()
    for folder in ("compliance", "workers"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            found |= texts_of_code(path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "templates").rglob("*.*")):
        found |= texts_of_template(path.read_text(encoding="utf-8"))
    return found


def texts_of_code(source: str) -> Texts:
    """Return the marked texts of a module."""
    tree = ast.parse(source)
    names = {
        alias.asname or alias.name: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for alias in node.names
    }
    found: Texts = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.args and isinstance(node.args[0], ast.Name | ast.Attribute):
                continue  # a text that is marked where it is written
            marker = names.get(node.func.id)
            if marker in ONE:
                found.add((ast.literal_eval(node.args[0]), None))
            elif marker in SEVERAL:
                found.add((ast.literal_eval(node.args[0]), ast.literal_eval(node.args[1])))
    return found


def texts_of_template(source: str) -> Texts:
    """Return the marked texts of a template."""
    found: Texts = set()
    for one, first, several in IN_TEMPLATE.findall(templatize(source)):
        text = ast.literal_eval(one or first)
        found.add((text, ast.literal_eval(several) if several else None))
    return found


def seen(html: str) -> str:
    """Return what people read of a page: its words and labels, without the markup."""
    labels = re.findall(r'(?:aria-label|title|placeholder|value)="([^"]*)"', html)
    words = re.sub(r"<(script|style)\b.*?</\1>|<[^>]*>", " ", html, flags=re.DOTALL)
    return " ".join(unescape(" ".join([words, *labels])).split())


def english_left(text: str) -> set[str]:
    """Return the sentences and labels of ours that stand in a German text in English."""
    return {
        original
        for entry in po_entries()[1:]
        for original in [entry.key[0]]
        if len(original) >= SURE and original not in entry.translations and original in text
    }


def unmarked_in(source: str) -> set[str]:
    """Return the words of a template that are not marked; what is set as code needs no mark."""
    for what in (
        r"{%\s*blocktrans.*?endblocktrans\w*\s*%}",
        r"<code.*?</code>",
        r"{[%#{].*?[%#}]}",
    ):
        source = re.sub(what, "", source, flags=re.DOTALL)
    labels = re.findall(r'(?:aria-label|title|placeholder)="([^"]*)"', source)
    texts = [*re.split(r"<[^>]*>", source), *labels]
    return {text.strip() for text in texts if re.search(r"[A-Za-z]{2}", text)}
