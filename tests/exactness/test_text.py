"""The contract over the text front end: real workers, a language model and its tokenizer."""

from collections.abc import Iterator

import pytest

from compliance.provenance.models import Adapter
from compliance.provenance.releases import live_release, served_checkpoints
from compliance.provenance.state import State
from compliance.recommendations import loading
from compliance.recommendations.errors import IncompleteReleaseError
from recmodel.adapter import load_adapter
from recmodel.prompts import Reaction
from recmodel.template import Template
from recmodel.text_base import load_text, named_in_plan
from tests.exactness.test_rules import PEOPLE, WITH_VALIDATION, some_records, without
from tests.exactness.world import (
    ITEMS,
    TRAINING,
    Emptier,
    People,
    build,
    erase,
    finish,
    make_plan,
    state_of,
)
from tests.recmodel import text_cast
from workers.doctor import Ill, _base

JUDGED = PEOPLE | {"ada": some_records(9)}


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What a plan says of a tiny base in a folder."""
    folder = str(text_cast.save(tmp_path_factory.mktemp("text"), "qwen2"))
    words = Template.parse('Liked: {liked}\nDisliked: {disliked}\nWould "{target}" do?\nAnswer:')
    training = TRAINING.to_dict() | {"target_modules": ["q_proj", "v_proj"], "pass_prompts": 2}
    model = load_text(folder, words)
    return named_in_plan(model, folder, "float32", None) | {"training": training}


@pytest.fixture(autouse=True)
def _own_base(world: None) -> Iterator[None]:
    yield
    loading._base.cache_clear()


@pytest.fixture
def state(emptier: Emptier, named: dict[str, object]):
    def run(people: People, *erased: str) -> State:
        emptier.empty()
        plan = build(WITH_VALIDATION, people, **named)
        for name in erased:
            erase(name)
            finish()
        return state_of(plan)

    return run


def test_an_erasure_leaves_what_training_without_the_person_gives(state):
    """Weights of every slice, errors on the validation subjects, calibrator and release."""
    with_everybody = state(JUDGED)
    after = state(JUDGED, "dora")
    assert after == state({name: JUDGED[name] for name in JUDGED if name != "dora"})
    assert after != with_everybody


def test_validation_subjects_can_be_erased_too(state):
    assert state(JUDGED, "ada") == state(without())


def test_what_is_served_reads_titles(state):
    state(JUDGED)
    release, _ = live_release()
    served = served_checkpoints(release.plan)
    assert {one.adapter.shard for one in served} == {0, 1}
    calibrator = loading.plan_setting(release.plan).calibrator
    answering = loading.recommender(release.plan, served, calibrator)
    history = (Reaction(ITEMS[0], True, ""), Reaction(ITEMS[1], False, ""))
    found = answering.probabilities(history, ITEMS[2:5], ())
    other = answering.probabilities(history[:1], ITEMS[2:5], ())
    assert ((found > 0) & (found < 1)).all()
    assert (found != other).any()


def test_adapters_in_the_store_carry_the_words_that_invoke_them(state):
    state(PEOPLE)
    for adapter in Adapter.objects.filter(state="active"):
        weights = load_adapter(loading.artefact_path(adapter.digest))
        assert weights.invocation
        assert "q_proj" in next(iter(weights))


def test_another_base_than_the_plans_is_refused(emptier, named, tmp_path):
    emptier.empty()
    base = named["base"] | {"name": str(text_cast.save(tmp_path, "llama"))}
    plan = make_plan(WITH_VALIDATION, **named | {"base": base})
    with pytest.raises(IncompleteReleaseError, match=r"The base model here is .* the plan's is"):
        loading.plan_base(plan)
    with pytest.raises(Ill, match="The base model here"):
        _base()
    loading._base.cache_clear()
    plan.config["base"]["name"] = str(tmp_path / "gone")
    with pytest.raises(IncompleteReleaseError, match="cannot be loaded"):
        loading.plan_base(plan)


def test_the_doctor_finds_the_plans_base(emptier, named):
    emptier.empty()
    make_plan(WITH_VALIDATION, **named)
    assert _base() == f"{named['base']['digest'][:19]} on cpu"
