"""What people are told says what the law asks, and nothing in it can become anything else."""

import pytest

from compliance.erasure.law import WORDS
from compliance.erasure.letters import NEEDED, NoticeKind, letter
from compliance.erasure.models import Refusal
from tests.erasure.conftest import ask

pytestmark = pytest.mark.django_db
LINK = "https://lethe.example/requests/1/token"
FACTS = {
    "code": "12345678",
    "minutes": 15,
    "reason": "Two of our systems are being moved.",
    "for_identity": True,
    "article": WORDS["17(3)(b)"],
    "text": "We must keep invoices for ten years.",
}


@pytest.fixture
def request_(at):
    at("2026-01-31T10:00")
    return ask()


def write(kind, request, **changed):
    facts = {"due_on": request.due_on} | FACTS | changed
    needed = NEEDED.get(kind, frozenset())
    return letter(kind, request, link=LINK, facts={name: facts[name] for name in needed})


@pytest.mark.parametrize("kind", NoticeKind)
def test_every_letter_has_a_subject_a_link_and_the_number(kind, request_):
    written = write(kind, request_)
    assert written.subject
    assert written.subject.isprintable()
    assert LINK in written.text
    assert str(request_.pk) in written.text
    assert "{" not in written.text + written.subject
    assert "\n\n\n" not in written.text


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (NoticeKind.RECEIPT, ["Jan. 31, 2026", "Feb. 28, 2026", "Article 17", "Article 12(3)"]),
        (NoticeKind.CODE, ["12345678", "15 minutes"]),
        (NoticeKind.VERIFIED, ["Article 18", "restricted"]),
        (NoticeKind.EXTENSION, [FACTS["reason"], "Article 12(3)", "Article 77", "Article 79"]),
        (NoticeKind.PAUSED, ["Article 12(6)", "stands still"]),
        (NoticeKind.RESUMED_CLOCK, ["Feb. 28, 2026"]),
        (
            NoticeKind.DENIED,
            [
                "Article 17(3)(b)",
                FACTS["text"],
                "complaint with a supervisory authority",
                "Article 77",
                "judicial remedy",
                "Article 79",
                "Article 18(3)",
            ],
        ),
        (NoticeKind.CANCELLED, ["Nothing has been erased", "Article 18(3)"]),
        (NoticeKind.EXPIRED, ["Nothing has been erased", "Article 77", "Article 79"]),
        (NoticeKind.APPROVED, ["have erased", "Article 19"]),
        (NoticeKind.COMPLETED, ["certificate"]),
    ],
)
def test_a_letter_says_what_the_law_asks(kind, said, request_):
    text = " ".join(write(kind, request_).text.split())
    assert [words for words in said if words not in text] == []


def test_who_has_not_shown_its_identity_is_told_that_it_must(request_):
    assert "Article 12(6)" not in write(NoticeKind.RECEIPT, request_).text
    assert "Article 12(6)" in write(NoticeKind.RECEIPT, ask(checked=False)).text


def test_who_was_never_restricted_is_not_told_of_its_end():
    assert "18(3)" not in write(NoticeKind.CANCELLED, ask(checked=False)).text


def test_a_partial_erasure_gives_the_reasons_for_the_rest(request_):
    facts = {"article": FACTS["article"], "text": FACTS["text"]}
    written = letter(NoticeKind.APPROVED, request_, link=LINK, facts=facts)
    said = ("Article 17(3)(b)", FACTS["text"], "Article 18(3)", "Article 77", "Article 79")
    assert [words for words in ("a part of", *said) if words not in written.text] == []


@pytest.mark.parametrize(
    "text",
    [
        "{{ request.identity }} {% now 'Y' %} %(link)s {0}",
        'Müller & Söhne <b>said</b> "no", didn\'t they?',
        "First line\n\nSecond line",
    ],
)
def test_a_fact_stays_what_it_is(text, request_):
    assert text in write(NoticeKind.DENIED, request_, text=text).text
    assert text in write(NoticeKind.EXTENSION, request_, reason=text).text


def test_a_fact_does_not_reach_the_subject(request_):
    plain = write(NoticeKind.DENIED, request_).subject
    assert write(NoticeKind.DENIED, request_, text="\nBcc: eve@example.org").subject == plain


def test_a_controllers_name_signs_and_stays_what_it_is(request_, settings):
    settings.CONTROLLER_NAME = "{{ request.pk }} & Söhne"
    assert "\n{{ request.pk }} & Söhne\n" in write(NoticeKind.RECEIPT, request_).text


@pytest.mark.parametrize("kind", NoticeKind)
@pytest.mark.parametrize(("language", "word"), [("en", "Questions:"), ("de", "Fragen:")])
def test_every_letter_says_whom_to_ask(kind, language, word, request_, settings):
    settings.PRIVACY_CONTACT = "privacy@lamps.example"
    request_.language = language
    assert f"{word} privacy@lamps.example\n" in write(kind, request_).text


def test_a_letter_without_its_facts_is_not_written(request_):
    with pytest.raises(TypeError, match="denied"):
        letter(NoticeKind.DENIED, request_, link=LINK, facts={"text": "No."})
    with pytest.raises(TypeError, match="receipt"):
        letter(NoticeKind.RECEIPT, request_, link=LINK, facts={"text": "No."})


def test_each_article_has_its_words():
    assert set(WORDS) == set(Refusal.values)
