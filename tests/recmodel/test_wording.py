import pytest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from recmodel.catalogue import Catalogue, UnknownItem
from recmodel.prompts import Reaction
from recmodel.template import Template, TemplateError
from recmodel.wording import AnswerError, Wording
from tests.recmodel import cast, text_cast

RECORDS = cast.records("alice", 6)
CATALOGUE = text_cast.catalogue()
KINDS = tuple(text_cast.KINDS.values())


def _words(*vocabulary: str, unknown: str = "<unk>") -> PreTrainedTokenizerFast:
    names = [unknown, *vocabulary]
    table = {word: place for place, word in enumerate(names)}
    tok = Tokenizer(models.WordLevel(table, unk_token=unknown))
    tok.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(tokenizer_object=tok, unk_token=unknown)


@pytest.fixture(params=KINDS)
def tokenizer(request):
    return text_cast.tokenizer(request.param)


@pytest.fixture
def wording(tokenizer):
    return Wording(Template.read(), tokenizer)


def test_the_answers_are_single_tokens_that_say_yes_and_no(wording, tokenizer):
    said = [tokenizer.decode([token]).strip().lower() for token in (wording.yes, wording.no)]
    assert said == ["yes", "no"]


def test_a_space_and_a_line_end_before_the_answer_find_tokens_of_their_own():
    tokenizer = text_cast.tokenizer("byte-level")
    after_space = Wording(Template.read(), tokenizer)
    after_line = Wording(Template.parse('{liked}{disliked}\nLike "{target}"?\n'), tokenizer)
    spaced, bare = (tokenizer.convert_ids_to_tokens(w.yes) for w in (after_space, after_line))
    assert (spaced, bare) == ("ĠYes", "Yes")


def test_a_history_begins_as_the_tokenizer_begins_a_text_and_a_question_does_not(
    wording, tokenizer
):
    start = tokenizer.bos_token_id
    assert (wording.history(RECORDS, CATALOGUE)[0] == start) == (start is not None)
    assert start not in wording.question("item-3", CATALOGUE)


def test_every_question_begins_with_the_opening(wording):
    for item in CATALOGUE.ids:
        asked = wording.question(item, CATALOGUE)
        assert asked[: len(wording.opening)] == wording.opening
        assert len(asked) > len(wording.opening)


def test_tokens_say_what_the_template_says(tokenizer, wording):
    told = tokenizer.decode(wording.history(RECORDS, CATALOGUE)).lower()
    for reaction in RECORDS:
        (title,) = CATALOGUE.titles([reaction.item])
        assert title.lower().split()[0] in told
    liked = told.index("disliked")
    first = next(reaction for reaction in RECORDS if not reaction.liked)
    (title,) = CATALOGUE.titles([first.item])
    assert title.lower().split()[0] in told[liked:]


def test_an_answer_of_several_tokens_is_refused():
    closing = Template.read().text.replace("{", " ").replace("}", " ")
    letters = [*dict.fromkeys(closing), "Y", "N", "e", "s", "o"]
    tok = Tokenizer(models.BPE({c: n for n, c in enumerate(letters)}, []))
    with pytest.raises(AnswerError, match=r"'Yes' is not one token of its own.*another base"):
        Wording(Template.read(), PreTrainedTokenizerFast(tokenizer_object=tok))


def test_an_answer_that_is_unknown_is_refused():
    with pytest.raises(AnswerError, match="does not know the answer 'Yes'"):
        Wording(Template.read(), _words("Answer", ":", "?"))


def test_one_token_for_both_answers_is_refused():
    tok = _words("Answer", "y")
    tok.backend_tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Replace(word, "y") for word in ("Yes", "No")]
    )
    with pytest.raises(AnswerError, match="one token, 2, for Yes and No"):
        Wording(Template.read(), tok)


def test_an_opening_that_comes_again_is_refused():
    template = Template.parse("{liked} {disliked}\nLike:\n{target}\nLike:\nAnswer:")
    with pytest.raises(TemplateError, match="come again after"):
        Wording(template, text_cast.tokenizer("byte-level"))


def test_an_item_without_a_title_is_an_error(wording):
    with pytest.raises(ValueError, match="no titles"):
        wording.question("item-1", cast.tiny_catalogue())
    with pytest.raises(UnknownItem, match="'item-99'"):
        wording.history([Reaction("item-99", True, "")], CATALOGUE)
    with pytest.raises(ValueError, match="as many titles"):
        Catalogue(["a"], cast.vectors(24)[:1], [])


def test_the_digest_is_the_tokenizers():
    digests = {
        Wording(Template.read(), text_cast.tokenizer(kind)).tokenizer_digest for kind in KINDS
    }
    assert len(digests) == 3
    again = Wording(Template.read(), text_cast.tokenizer(KINDS[0]))
    assert again.tokenizer_digest in digests
