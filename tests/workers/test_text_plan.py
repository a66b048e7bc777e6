"""`manage.py train --front-end text`: a plan over a language model of one's own."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from compliance.provenance.models import Adapter
from compliance.provenance.plans import active_plan
from compliance.provenance.releases import live_release
from recmodel.template import Template
from tests.recmodel import text_cast
from tests.workers.conftest import make_plan, make_records
from workers.management.commands.train import DEFAULTS, _check, _check_nothing_new

TEXT = DEFAULTS | {"front_end": "text"}


@pytest.fixture
def base(tmp_path: Path) -> str:
    return str(text_cast.save(tmp_path / "base", "llama"))


def test_a_plan_over_a_text_base_is_trained_and_served(
    committed_db: None, base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("recmodel.plan_calibrator.SUBJECTS", 20)
    make_records(subjects=8, records=10)
    words = 'Good: {liked}\nBad: {disliked}\nIs "{target}" good?\nAnswer:'
    (tmp_path / "words.txt").write_text(words + "\n")
    options = {"front_end": "text", "base": base, "template": tmp_path / "words.txt"}
    call_command("train", shards=2, slices=2, validation_share=0, **options)
    plan = active_plan()
    assert plan.config["front_end"] == "text"
    assert plan.config["base"]["name"] == base
    assert plan.config["base"]["dtype"] == "float32"
    assert plan.config["template"] == {"text": words, "digest": Template.parse(words).digest}
    assert plan.config["training"]["target_modules"] == ["q_proj", "v_proj"]
    assert Adapter.objects.filter(state="active").count() == 2
    assert live_release()[0].manifest["base"] == plan.config["base"]["digest"]
    call_command("train", **options)  # what is in force may be said again
    (tmp_path / "words.txt").write_text(words.replace("Good", "Fine"))
    with pytest.raises(CommandError, match="not the template of the plan in force"):
        call_command("train", **options)


def test_a_base_that_cannot_be_had_is_told(committed_db: None, tmp_path):
    make_records(subjects=1, records=5)
    options = {"front_end": "text", "base": str(tmp_path)}
    with pytest.raises(CommandError, match=r"cannot be loaded by AutoConfig.*Name a folder"):
        call_command("train", **options)
    (tmp_path / "words.txt").write_text("{who}?")
    with pytest.raises(CommandError, match=r"the placeholder \{who\} is unknown"):
        call_command("train", template=tmp_path / "words.txt", **options)


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (TEXT, "needs --base"),
        (DEFAULTS | {"base": "x"}, "--base is for --front-end text"),
        (DEFAULTS | {"template": Path("x")}, "--template is for --front-end text"),
        (DEFAULTS | {"device_map": "auto"}, "--device-map is for --front-end text"),
    ],
    ids=["no-base", "base-alone", "template-alone", "device-map-alone"],
)
def test_options_that_do_not_fit_together_are_refused(options, fault):
    with pytest.raises(CommandError, match=fault):
        _check(options)


@pytest.mark.django_db
def test_another_front_end_needs_a_new_plan():
    plan = make_plan()
    with pytest.raises(CommandError, match="--front-end text is for a new plan"):
        _check_nothing_new(plan, TEXT | {"base": "x"})
