import pytest

from recmodel.template import Template, TemplateError

TALLREC = """\
Below is an instruction that describes a task.

### Instruction:
Given the user's preference and unpreference, identify whether the user will like the movie.

### Input:
User Preference: {liked}
User Unpreference: {disliked}
Whether the user will like the target movie "{target}"?

### Response:

"""


def test_the_default_can_be_filled():
    template = Template.read()
    told = template.history(["Alien (1979)", "Big (1988)"], ["Cube (1997)"])
    assert told.endswith('Liked: "Alien (1979)", "Big (1988)"\nDisliked: "Cube (1997)"')
    assert template.opening == '\nWill the person like the title "'
    assert template.closing == '"?\nAnswer:'
    assert template.answer("Yes") == " Yes"


def test_tallrecs_own_words_can_be_used(tmp_path):
    (tmp_path / "t.txt").write_text(TALLREC)
    template = Template.read(tmp_path / "t.txt")
    whole = template.history(["A"], []) + template.opening + "B" + template.closing
    assert 'User Preference: "A"\nUser Unpreference: \nWhether' in whole
    assert whole.endswith('movie "B"?\n\n### Response:\n')
    assert template.answer("Yes") == "Yes"


def test_a_space_before_the_answer_belongs_to_the_answer():
    template = Template.parse('{liked} {disliked}\nLike "{target}"? Answer: ')
    assert template.closing == '"? Answer:'
    assert template.answer("No") == " No"


def test_titles_and_texts_may_hold_braces():
    template = Template.parse("{{x}} {liked} {disliked} like {target}?")
    assert template.history(["{y}"], []) == '{x} "{y}" '


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{liked} {disliked} like {item}?", r"\{item\} is unknown.*use \{liked\}"),
        ("{liked} {disliked!r} like {target}?", r"\{disliked\} is unknown or has a format"),
        ("{liked} like {target}?", r"\{disliked\} stands 0 times"),
        ("{liked} {disliked} like {target}\0?", "holds a zero byte"),
        ("{liked} {liked} {disliked} like {target}?", r"\{liked\} stands 2 times"),
        ("like {target}? {liked} {disliked}?", "put the target last"),
        ("{liked} {target} {disliked}?", "put the target last"),
        ("{liked} {disliked} {target}?", "needs words between"),
        ("{liked} {disliked} like {target}", "and words after it"),
        ("{liked} {disliked} like {target?", "for braces that are text"),
    ],
)
def test_a_template_that_cannot_be_used_is_refused_with_the_remedy(text, message):
    with pytest.raises(TemplateError, match=message):
        Template.parse(text)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(TemplateError, match=r"none\.txt.*name another file"):
        Template.read(tmp_path / "none.txt")
    (tmp_path / "bad.txt").write_text("{who}")
    with pytest.raises(TemplateError, match=r"bad\.txt: the placeholder"):
        Template.read(tmp_path / "bad.txt")
