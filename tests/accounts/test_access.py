"""docs/access.md is true: each of its cells by a real call, and no address is missing in it."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client

from compliance.accounts import access_page
from compliance.accounts.access import (
    CALLERS,
    NOBODY,
    Endpoint,
    admin_table,
    endpoints,
    is_refusal,
)
from compliance.accounts.access_page import is_open
from compliance.accounts.management.commands import access_table
from compliance.accounts.models import ApiClient
from compliance.accounts.scopes import Scope
from tests.accounts.access_world import World

ALL = endpoints()
PAGES = [
    pytest.param(page, method, caller, id=f"{method} {page.path} {caller}")
    for page in ALL
    if page.is_admin
    for method in ("GET", "POST")
    for caller in CALLERS
]
CALLS = [
    pytest.param(one, method, accepted, id=f"{method} {one.path}")
    for one in ALL
    for method, accepted in (one.scopes or {}).items()
]
OPEN = [pytest.param(one, id=one.path) for one in ALL if is_open(one)]


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """One world for all cells, in a transaction that is rolled back at the end."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield World()
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def table(world: World) -> dict[tuple[Endpoint, str], dict[str, bool]]:
    return admin_table()


@pytest.fixture(autouse=True)
def as_it_was(world: World) -> Iterator[None]:
    """Take back what a call has done."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.mark.parametrize(("page", "method", "caller"), PAGES)
def test_a_page_is_for_whom_the_table_says(
    world: World, table: dict[Any, Any], page: Endpoint, method: str, caller: str
) -> None:
    browser = copy.copy(world.browsers[caller])
    browser.cookies = copy.deepcopy(browser.cookies)
    response = browser.generic(method, world.url(page))
    assert response.status_code < 500
    if (page, method) in table:
        assert is_refusal(response) != table[page, method][caller]
    else:
        assert response.status_code == 405 or caller == NOBODY or is_refusal(response)


@pytest.mark.parametrize(("endpoint", "method", "accepted"), CALLS)
def test_a_call_needs_its_scope_and_only_that(
    world: World, endpoint: Endpoint, method: str, accepted: tuple[str, ...]
) -> None:
    def status(*scopes: Scope, key: bool = True) -> int:
        headers = {"authorization": f"Bearer {world.key(*scopes)}"} if key else {}
        client = Client(raise_request_exception=False)
        with transaction.atomic():
            response = client.generic(
                method, world.url(endpoint), "{}", "application/json", headers=headers
            )
            transaction.set_rollback(True)
        return response.status_code

    assert status(key=False) == 401
    assert status() == 403
    assert status(*(one for one in Scope if one not in accepted)) == 403
    for scope in accepted:
        answer = status(Scope(scope))
        assert answer not in {401, 403}
        assert answer < 500 or answer == 503


@pytest.mark.parametrize("endpoint", OPEN)
def test_what_is_open_asks_nobody_who_they_are(world: World, endpoint: Endpoint) -> None:
    client = Client(raise_request_exception=False)
    response = client.get(world.url(endpoint))
    assert not is_refusal(response)
    assert response.status_code < 500 or response.status_code == 503


@pytest.mark.parametrize(("endpoint", "method", "accepted"), CALLS)
def test_no_call_changes_what_a_client_may(
    world: World, endpoint: Endpoint, method: str, accepted: tuple[str, ...]
) -> None:
    headers = {"authorization": f"Bearer {world.key(*Scope)}"}
    own = {"scopes", "expires_at", "revoked_at", "secret_digest", "calls_per_minute", "name"}
    before = list(ApiClient.objects.order_by("pk").values("pk", *own))
    body = '{"scopes": ["erasure:decide"], "client": {"scopes": ["erasure:decide"]}}'
    Client(raise_request_exception=False).generic(
        method, world.url(endpoint), body, "application/json", headers=headers
    )
    assert list(ApiClient.objects.order_by("pk").values("pk", *own)) == before


@pytest.fixture
def written_from_it(table: dict[Any, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the page be written from the table that stands: to make one takes hundreds of calls."""
    monkeypatch.setattr(access_page, "admin_table", lambda: table)


@pytest.mark.usefixtures("written_from_it")
def test_the_page_is_up_to_date() -> None:
    call_command("access_table", "--check")


@pytest.mark.usefixtures("written_from_it")
def test_a_page_that_is_out_of_date_is_refused_and_can_be_written(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access_table, "PATH", tmp_path / "access.md")
    with pytest.raises(CommandError, match="out of date"):
        call_command("access_table", "--check")
    call_command("access_table")
    call_command("access_table", "--check")
    text = (tmp_path / "access.md").read_text()
    (tmp_path / "access.md").write_text(text.replace("yes", "", 1))
    with pytest.raises(CommandError, match="out of date"):
        call_command("access_table", "--check")


def test_making_the_table_leaves_nothing_behind(world: World) -> None:
    before = set(User.objects.values_list("username", flat=True))
    admin_table()
    assert set(User.objects.values_list("username", flat=True)) == before


def test_an_endpoint_whose_arguments_nobody_can_build_is_named(world: World) -> None:
    stray = Endpoint("stray", "api/v1/stray/<int:moon>", lambda request: None, {"moon": "int"})
    with pytest.raises(pytest.fail.Exception, match=r"stray.*moon.*ARGUMENTS"):
        world.url(stray)
