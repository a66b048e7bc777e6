"""POST /api/v1/recommendations."""

import shutil

import pytest

from compliance.provenance.artefacts import artefact_path
from compliance.provenance.models import Checkpoint, Plan, Serving
from compliance.provenance.releases import live_release
from compliance.recommendations import services
from tests.api.conftest import Caller, is_problem, pointers

URL = "/api/v1/recommendations"


def test_it_needs_a_key(stranger: Caller, db: None) -> None:
    response = stranger.post(URL, {"subject": "alice"})
    assert is_problem(response, 401)
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="lethe"'


def test_it_needs_the_scope(outsider: Caller) -> None:
    response = outsider.post(URL, {"subject": "alice"})
    assert is_problem(response, 403)
    assert "recommendations:read" in response.json()["detail"]


def test_it_answers_with_items_release_and_shards(shop: Caller, plan: Plan) -> None:
    answer = shop.post(URL, {"subject": "alice", "limit": 3}).json()
    release, epoch = live_release()
    assert [set(item) for item in answer["items"]] == [{"item", "title", "probability"}] * 3
    assert all(0 < item["probability"] < 1 for item in answer["items"])
    assert (answer["release"], answer["epoch"]) == (release.digest, epoch)
    assert answer["shards"] == [0, 1]


def test_it_gives_ten_unless_told(shop: Caller, plan: Plan) -> None:
    assert len(shop.post(URL, {"subject": "alice"}).json()["items"]) == 10


def test_it_answers_the_unknown_and_those_without_history_alike(shop: Caller, plan: Plan) -> None:
    unknown, newcomer = (shop.post(URL, {"subject": name}) for name in ("nobody", "newcomer"))
    assert unknown.status_code == 200
    assert unknown.json() == newcomer.json()


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, "/subject"),
        ({"subject": ""}, "/subject"),
        ({"subject": None}, "/subject"),
        ({"subject": 17}, "/subject"),
        ({"subject": ["alice"]}, "/subject"),
        ({"subject": "a" * 201}, "/subject"),
        ({"subject": "a\0b"}, "/subject"),
        ({"subject": "\ud800"}, "/subject"),
        ({"subject": "alice", "limit": 0}, "/limit"),
        ({"subject": "alice", "limit": 101}, "/limit"),
        ({"subject": "alice", "limit": 10**400}, "/limit"),
        ({"subject": "alice", "limit": 1.0}, "/limit"),
        ({"subject": "alice", "limit": "5"}, "/limit"),
        ({"subject": "alice", "limit": True}, "/limit"),
        ({"subject": "alice", "limit": None}, "/limit"),
        ({"subject": "alice", "limits": 5}, ""),
        ([{"subject": "alice"}], ""),
        ("null", ""),
        ('"alice"', ""),
    ],
)
def test_it_says_where_a_body_is_wrong(shop: Caller, body: object, where: str) -> None:
    response = shop.post(URL, body)
    assert is_problem(response, 400)
    assert pointers(response) == [where]


def test_a_missing_release_is_a_503(shop: Caller, plan: Plan) -> None:
    Serving.objects.update(release=None)
    response = shop.post(URL, {"subject": "alice"})
    assert is_problem(response, 503)
    assert "manage.py train" in response.json()["detail"]


def test_missing_weights_are_a_503(shop: Caller, plan: Plan) -> None:
    digest = Checkpoint.objects.get(adapter__shard=1).digest
    shutil.rmtree(artefact_path(digest))
    response = shop.post(URL, {"subject": "alice"})
    assert is_problem(response, 503)
    assert digest in response.json()["detail"]


def test_endless_switching_is_a_503_with_a_time_to_wait(
    shop: Caller, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    epochs = iter(range(100, 200))
    monkeypatch.setattr(services, "_moment", lambda subject: (next(epochs), None))
    response = shop.post(URL, {"subject": "alice"})
    assert is_problem(response, 503)
    assert response.headers["Retry-After"] == "1"


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete", "options"])
def test_other_methods_are_a_405(shop: Caller, method: str) -> None:
    from django.test import Client

    response = getattr(Client(), method)(URL, headers=shop.headers)
    assert is_problem(response, 405)
    assert response.headers["Allow"] == "POST"
