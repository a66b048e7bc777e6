"""`manage.py state`: what two installations can be compared by."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from tests.exactness.test_rules import PEOPLE, PLAIN
from tests.exactness.world import build, erase, state_of

pytestmark = pytest.mark.usefixtures("world")


def run(*options: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("state", *options, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_it_prints_the_digest_of_the_state():
    plan = build(PLAIN, PEOPLE)
    assert run() == (f"{state_of(plan).digest}\n", "")


def test_it_warns_while_the_state_is_about_to_change():
    build(PLAIN, PEOPLE)
    erase("grace")
    _, warning = run()
    assert "Shards: 0." in warning


def test_json_says_what_it_consists_of_and_names_nobody():
    plan = build(PLAIN, PEOPLE)
    text, _ = run("--json")
    found = json.loads(text)
    assert found["state"] == state_of(plan).digest
    assert found["placement"]["subjects"] == len(PEOPLE)
    assert [shard["shard"] for shard in found["shards"]] == [0, 1]
    assert not [name for name in PEOPLE if name in text]


def test_without_a_plan_it_says_what_to_do():
    with pytest.raises(CommandError, match="no plan yet"):
        run()
