"""What the model is told of others: in training, by whom, and never of oneself."""

from dataclasses import replace

import pytest

from recmodel.prompts import Others, Prompt
from recmodel.rates import Counts, records_of, told
from recmodel.training import initial_state, train_slice
from tests.recmodel import cast

SLICES = [cast.prompts("alice", "bob"), cast.prompts("charlie"), cast.prompts("dora", "erik")]


def _items(prompts: list[Prompt]) -> dict[tuple[str, str], Others | None]:
    """What is told, by subject and item."""
    return {
        (prompt.subject, reaction.item): reaction.others
        for prompt in prompts
        for reaction in (*prompt.prefix, *prompt.suffixes)
    }


def test_a_slice_is_told_of_the_others_in_it_and_before_it():
    for number, prompts in enumerate(told(SLICES)):
        before = [prompt for each in SLICES[: number + 1] for prompt in each]
        for (subject, item), others in _items(prompts).items():
            rest = [p for p in before if p.subject != subject]
            counts = Counts.of_records(r for mine in records_of(rest).values() for r in mine)
            assert others == Others(counts.item_rate(item), counts.popularity(item))


def test_a_later_slice_changes_nothing_before_it():
    """Broken by counts over the whole shard: then no checkpoint would outlive an erasure."""
    fewer = [SLICES[0], SLICES[1], cast.prompts("dora")]
    assert told(SLICES)[:2] == told(fewer)[:2]
    assert told(SLICES)[2] != told(fewer)[2]


def test_who_leaves_an_earlier_slice_is_told_of_no_more():
    without = [cast.prompts("alice"), *SLICES[1:]]
    assert all(one != other for one, other in zip(told(without), told(SLICES), strict=True))


def test_only_what_is_trained_is_told():
    assert told(SLICES, 2) == [[], [], told(SLICES)[2]]


def test_a_record_counts_once_in_however_many_prompts_it_stands():
    (records,) = records_of(cast.prompts("alice")).values()
    assert records == cast.records("alice", 17)


def test_what_is_told_is_no_part_of_a_prompts_content():
    for prompt, plain in zip(told(SLICES)[0], SLICES[0], strict=True):
        assert prompt != plain
        assert prompt.content_id(b"key") == plain.content_id(b"key")


def test_training_depends_on_what_is_told(model, catalogue):
    state = initial_state(model, cast.CONFIG, 0)

    def digest(prompts: list[Prompt]) -> str:
        return train_slice(model, cast.CONFIG, 0, 0, prompts, state, catalogue).digest

    assert digest(told(SLICES)[0]) != digest(SLICES[0])
    assert digest(told(SLICES)[0]) == digest(told([SLICES[0][::-1]])[0])


@pytest.mark.parametrize("liked", [True, False])
def test_ones_own_reaction_says_nothing_about_others(liked):
    alice = [
        replace(prompt, suffixes=tuple(r._replace(liked=liked) for r in prompt.suffixes))
        for prompt in cast.prompts("alice", n=4)
    ]
    other = cast.prompts("bob", n=9)
    assert {o for (who, _), o in _items(told([alice + other])[0]).items() if who == "alice"} == {
        o
        for (who, _), o in _items(told([cast.prompts("alice", n=4) + other])[0]).items()
        if who == "alice"
    }


def test_a_record_that_came_since_the_counts_were_taken_is_not_taken_away():
    counts = Counts.of({}, {}).without(cast.records("alice", 5))
    assert counts.others(["item-1"]) == {"item-1": Others(0.5, 0)}
