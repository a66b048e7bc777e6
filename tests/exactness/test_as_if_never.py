"""As if never: after erasures the state is, bit for bit, that of a build without the erased.

LETHE_EXAMPLES says how many stories are drawn; `python -m tests.exactness` counts them.
"""

import os
from collections.abc import Iterable
from itertools import product

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from compliance.provenance.models import Adapter
from compliance.records.scope import Scope
from tests.exactness import story as stories
from tests.exactness.story import (
    Arrive,
    Classify,
    Die,
    Erase,
    Event,
    Finish,
    Lift,
    Meanwhile,
    Refresh,
    Restrict,
    Train,
)
from tests.exactness.world import ITEMS, Emptier, People, Shape, moment
from tests.plans import CALIBRATOR

EXAMPLES = int(os.environ.get("LETHE_EXAMPLES", "15"))
PEOPLE = ("ada", "Bob", "bob", "čeněk", "dora", "eve", "frank", "grace")

CLASSES = ("stays", "leaves")

shapes = st.builds(
    Shape,
    method=st.sampled_from(["semantic", "semantic", "semantic", "hash"]),
    slice_by=st.sampled_from([(), CLASSES]),
    shards=st.sampled_from([1, 2, 3, 3]),
    slices=st.integers(1, 3),
    validation_share=st.sampled_from([0.0, 0.3, 0.3]),
    key=st.integers(0, 15).map("{:064x}".format),
    scope=st.sampled_from(["suffix", "suffix", "full"]),
    strategy=st.sampled_from(["attention", "attention", "major", "average"]),
    form=st.sampled_from(["nd", "nd", "d"]),
)
# Few items and hours: the same item twice, and ties in time.
moments = st.sampled_from(list(product(ITEMS, range(4))))
ratings = st.sampled_from(["1", "3.5", "5"])
some_records = st.dictionaries(moments, ratings, min_size=3, max_size=12)
records = st.one_of(some_records, some_records, st.dictionaries(moments, ratings, max_size=2))
names = st.sampled_from(PEOPLE)
many = st.dictionaries(names, records, min_size=3, max_size=len(PEOPLE))
few = st.dictionaries(names, records, max_size=2)
# One record, some of them, one more than there is.
hours = st.integers(0, 3)
scopes = st.one_of(
    st.sets(moments, min_size=1, max_size=3).map(lambda named: single(named)),
    st.sets(st.sampled_from(ITEMS), min_size=1, max_size=3).map(
        lambda named: Scope(items=frozenset(named))
    ),
    st.tuples(hours, hours).map(lambda ends: Scope(period=(moment(min(ends)), moment(max(ends))))),
)


def single(records: Iterable[tuple[str, int]]) -> Scope:
    return Scope(records=frozenset((item, moment(hour)) for item, hour in records))


def events(first: People) -> st.SearchStrategy[Event]:
    """Draw what happens: mostly erasures, mostly of people who were there from the start."""
    known = sorted(first)
    own = [(name, sorted(records)) for name, records in sorted(first.items()) if records]
    somebody = st.sampled_from([*known, *known, *PEOPLE, "nobody"])
    erasures = st.builds(Erase, somebody) | st.builds(Erase, somebody, scopes)
    refreshes = st.builds(Refresh, few)
    if own:  # what surely hits somebody, and may move that person
        person = st.sampled_from(own)
        erasures |= person.flatmap(
            lambda theirs: st.sets(st.sampled_from(theirs[1]), min_size=1, max_size=4).map(
                lambda some: Erase(theirs[0], single(some))
            )
        )
        refreshes |= st.builds(
            lambda theirs, more: Refresh({theirs[0]: more}), person, some_records
        )
    changes = erasures | refreshes
    meanwhiles = st.builds(
        Meanwhile, changes, st.integers(0, 4), changes | st.just(Die()), st.booleans()
    )
    others = (
        st.sampled_from([Finish(), Train()])
        | st.builds(Arrive, few)
        | st.builds(Classify, st.sampled_from([*known, *PEOPLE]), st.sampled_from([*CLASSES, ""]))
    )
    restrictions = st.builds(Restrict, somebody) | st.builds(Lift, st.sampled_from(known or PEOPLE))
    return st.one_of(erasures, meanwhiles, erasures, refreshes, restrictions, others)


@st.composite
def dramas(draw: st.DrawFn) -> tuple[People, list[Event]]:
    """Draw the first people and what happens then, three times out of four to trained adapters."""
    first = draw(st.one_of(many, many, many, few))
    start: list[Event] = draw(st.sampled_from([[Finish()], [Finish()], [Finish()], []]))
    # Mostly somebody is restricted while the rest happens: alone it changes nothing.
    if first and draw(st.sampled_from([True, True, False])):
        start.append(Restrict(draw(st.sampled_from(sorted(first)))))
    return first, start + draw(st.lists(events(first), min_size=1, max_size=5))


ran = 0


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
@given(shape=shapes, drama=dramas())
def test_an_erasure_leaves_the_state_as_if_the_records_had_never_been(
    emptier: Emptier, shape: Shape, drama: tuple[People, list[Event]]
) -> None:
    global ran
    ran += 1
    first, happened = drama
    emptier.empty()
    story = stories.begin(shape)
    story.tell(Refresh(first))
    for what in happened:
        story.tell(what)
    erased = story.end()
    event(f"generations after the first: {Adapter.objects.filter(generation__gt=1).count()}")
    event(f"a calibrator was fitted: {erased.calibrator != CALIBRATOR.to_dict()}")
    event(f"somebody is restricted at the end: {bool(story.restricted)}")
    event(f"somebody moved: {Adapter.objects.filter(records_withdrawn__gt=0).exists()}")
    emptier.empty()
    assert erased == stories.never(shape, story)
