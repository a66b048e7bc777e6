"""`manage.py recommend SUBJECT`."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from compliance.provenance.models import Plan, Serving
from compliance.provenance.releases import live_release


def run(*args: str) -> str:
    out = StringIO()
    call_command("recommend", *args, stdout=out)
    return out.getvalue()


def test_it_shows_items_with_titles_release_and_shards(plan: Plan) -> None:
    text = run("alice", "--limit", "3")
    assert text.count("│ Title ") == 3
    assert live_release()[0].digest in text
    assert "Shards: 0, 1" in text


def test_it_writes_json(plan: Plan) -> None:
    answer = json.loads(run("alice", "--limit", "2", "--json"))
    assert len(answer["items"]) == 2
    assert set(answer) == {"items", "release", "epoch", "shards", "mixture"}


def test_it_does_not_know_a_stranger(plan: Plan) -> None:
    with pytest.raises(CommandError, match="no subject 'mallory'") as caught:
        run("mallory")
    assert caught.value.returncode == 1


def test_without_a_release_it_says_what_to_do(plan: Plan) -> None:
    Serving.objects.update(release=None)
    with pytest.raises(CommandError, match=r"manage\.py train"):
        run("alice")


@pytest.mark.parametrize("limit", ["0", "101", "-1", "ten", "1.5", "٣"])
def test_it_refuses_a_bad_limit(limit: str) -> None:
    with pytest.raises(CommandError, match="whole number from 1 to 100"):
        run("alice", f"--limit={limit}")
