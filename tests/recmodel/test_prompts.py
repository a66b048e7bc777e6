import pytest
from hypothesis import given
from hypothesis import strategies as st

from recmodel.prompts import (
    Prompt,
    PromptRange,
    Reaction,
    item_text,
    order,
    prompt_ranges,
    prompts_of,
)
from tests.recmodel import cast

KEY = b"k" * 32
sizes = st.integers(1, 40)


@given(st.integers(0, 300), sizes, sizes, st.integers(0, 20))
def test_every_record_from_min_history_on_is_a_target_once(n, history, targets, least):
    ranges = prompt_ranges(n, history_size=history, targets_per_prompt=targets, min_history=least)
    assert [place for r in ranges for place in range(r.target, r.end)] == list(range(least, n))


@given(st.integers(0, 300), sizes, sizes, st.integers(0, 20))
def test_a_block_is_no_larger_than_what_came_before_it(n, history, targets, least):
    for r in prompt_ranges(n, history_size=history, targets_per_prompt=targets, min_history=least):
        assert 1 <= r.end - r.target <= min(targets, max(1, r.target))
        assert r.target - r.first == min(history, r.target)


@given(st.integers(0, 200), st.integers(0, 50))
def test_later_records_leave_full_blocks_alone(n, more):
    size = {"history_size": 16, "targets_per_prompt": 8, "min_history": 3}
    before, after = prompt_ranges(n, **size), prompt_ranges(n + more, **size)
    assert before[:-1] == after[: max(0, len(before) - 1)]


def test_talrecs_windows():
    ranges = prompt_ranges(13, history_size=10, targets_per_prompt=1, min_history=10)
    assert ranges == [PromptRange(0, 10, 11), PromptRange(1, 11, 12), PromptRange(2, 12, 13)]


def test_blocks_double_while_the_history_is_short():
    ranges = prompt_ranges(100, history_size=64, targets_per_prompt=32, min_history=4)
    assert [(r.target, r.end) for r in ranges] == [
        (4, 8),
        (8, 16),
        (16, 32),
        (32, 64),
        (64, 96),
        (96, 100),
    ]


def test_too_few_records_give_no_prompt():
    assert prompt_ranges(4, history_size=8, targets_per_prompt=2, min_history=4) == []


@pytest.mark.parametrize("wrong", ["history_size", "targets_per_prompt"])
def test_sizes_below_one_are_an_error(wrong):
    size = {"history_size": 8, "targets_per_prompt": 2, "min_history": 4, wrong: 0}
    with pytest.raises(ValueError, match=f"{wrong}=0"):
        prompt_ranges(9, **size)


def test_prompts_hold_the_records_of_their_range():
    records = cast.records("alice", 9)
    (prompt,) = prompts_of("alice", records, [PromptRange(1, 4, 6)])
    assert prompt == Prompt("alice", tuple(records[1:4]), tuple(records[4:6]))


def _changes(prompt: Prompt) -> list[Prompt]:
    first, *rest = prompt.prefix
    return [
        Prompt("bob", prompt.prefix, prompt.suffixes),
        Prompt(prompt.subject, tuple(rest), prompt.suffixes),
        Prompt(prompt.subject, (*prompt.prefix, *prompt.suffixes[:1]), prompt.suffixes[1:]),
        Prompt(prompt.subject, prompt.prefix, prompt.suffixes[:-1]),
        Prompt(prompt.subject, (Reaction("other", first.liked, first.at), *rest), prompt.suffixes),
        Prompt(
            prompt.subject,
            (Reaction(first.item, not first.liked, first.at), *rest),
            prompt.suffixes,
        ),
        Prompt(prompt.subject, (Reaction(first.item, first.liked, ""), *rest), prompt.suffixes),
    ]


def test_the_content_id_sees_every_part_of_the_content():
    prompt = cast.prompts("alice")[1]
    ids = {p.content_id(KEY) for p in [prompt, *_changes(prompt)]}
    assert len(ids) == 1 + len(_changes(prompt))
    assert all(len(i) == 32 for i in ids)
    assert prompt.content_id(b"other") != prompt.content_id(KEY)


@given(st.permutations(range(12)), st.sets(st.integers(0, 11)))
def test_the_order_depends_on_the_set_alone_and_survives_erasure(shuffled, erased):
    prompts = [(p.content_id(KEY), p) for p in cast.prompts("alice", "bob", "charlie")[:12]]
    ordered = order(prompts, KEY)
    assert order([prompts[i] for i in shuffled], KEY) == ordered
    kept = [p for i, p in enumerate(prompts) if i not in erased]
    left = [p for _, p in kept]
    assert order(kept, KEY) == [p for p in ordered if p in left]
    assert order(prompts, b"another epoch's key") != ordered


@pytest.mark.parametrize(
    ("title", "attributes", "text"),
    [
        (
            "Red Dawn II",
            {"genres": "Action|War", "year": "1990"},
            "Red Dawn II (1990). Action, War",
        ),
        ("Red Dawn (1990)", {"year": "1990"}, "Red Dawn (1990)"),
        (" A Life ", {"author": "M. Novak", "binding": ""}, "A Life. M. Novak"),
        ("Plain", {}, "Plain"),
    ],
)
def test_the_text_of_an_item(title, attributes, text):
    assert item_text(title, attributes) == text
