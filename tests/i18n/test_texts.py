"""Every text has a German translation, and what is compiled is what is written."""

import re
from gettext import GNUTranslations

from tests.i18n.reading import (
    FOLDER,
    ROOT,
    Entry,
    po_entries,
    texts_of_code,
    texts_of_sources,
    texts_of_template,
    unmarked_in,
)

PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[a-z%]|\{\w*\}")
MARKUP = re.compile(r"</?\w+")


def texts() -> list[Entry]:
    return po_entries()[1:]


def test_no_text_of_code_or_templates_is_without_an_entry():
    known = {entry.key for entry in texts()}
    singular = {text for text, _ in known}
    missing = {
        key for key in texts_of_sources() if key not in known and (key[1] or key[0] not in singular)
    }
    assert not missing, "Run make messages and translate them."


def test_no_entry_is_left_of_a_text_that_is_gone():
    sources = {text for text, _ in texts_of_sources()}
    assert not {entry.key[0] for entry in texts()} - sources, "Run make messages."


def test_every_entry_is_translated_and_sure():
    for entry in texts():
        assert "fuzzy" not in entry.flags, entry.key
        assert all(entry.translations), entry.key
        assert len(entry.translations) == (1 if entry.key[1] is None else 2), entry.key


def test_no_text_stands_twice():
    keys = [entry.key[0] for entry in texts()]
    assert len(keys) == len(set(keys))


def test_a_translation_has_the_placeholders_and_the_markup_of_its_text():
    for entry in texts():
        original = entry.key[1] or entry.key[0]
        for translation in entry.translations:
            for pattern in (PLACEHOLDER, MARKUP):
                assert sorted(pattern.findall(translation)) == sorted(pattern.findall(original)), (
                    entry.key
                )


def test_the_law_is_named_in_german():
    for entry in texts():
        for translation in entry.translations:
            assert "GDPR" not in translation, entry.key
            assert ("GDPR" not in entry.key[0]) or "DSGVO" in translation, entry.key
            assert not re.search(r"\bArticles?\b", translation), entry.key


def test_the_compiled_file_says_what_the_written_one_says():
    with (FOLDER / "django.mo").open("rb") as file:
        compiled = dict(GNUTranslations(file)._catalog)
    written: dict[object, str] = {}
    plurals = [line for line in compiled.pop("").splitlines() if line.startswith("Plural-Forms")]
    assert plurals[0] in po_entries()[0].translations[0]
    for entry in texts():
        text, plural = entry.key
        if plural is None:
            written[text] = entry.translations[0]
        else:
            written |= {(text, n): each for n, each in enumerate(entry.translations)}
    assert compiled == written, "Run make messages."


def test_the_reader_finds_marked_texts_in_code_and_templates():
    code = (
        "from django.utils.translation import gettext as _, ngettext\n"
        "_('A' ' cup'); ngettext('%(n)d cup', '%(n)d cups', 2); other('No text')\n"
    )
    assert texts_of_code(code) == {("A cup", None), ("%(n)d cup", "%(n)d cups")}
    template = (
        "{% load i18n %}{% translate \"It's here\" %}{{ x|default:_('none') }}"
        "{% blocktranslate trimmed count n=n %}\n {{ n }} cup\n{% plural %}{{ n }} cups"
        "{% endblocktranslate %}"
    )
    assert texts_of_template(template) == {
        ("It's here", None),
        ("none", None),
        ("%(n)s cup", "%(n)s cups"),
    }


def test_no_template_says_a_word_that_is_not_marked():
    for path in sorted((ROOT / "templates").rglob("*.*")):
        words = unmarked_in(path.read_text(encoding="utf-8"))
        assert {word.splitlines()[0] for word in words} <= {"CSV", "JSON"}, path
    assert unmarked_in('<p title="One">{% translate "Two" %} Three</p>') == {"One", "Three"}
