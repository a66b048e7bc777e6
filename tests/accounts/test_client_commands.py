"""`manage.py create_api_client`, `revoke_api_client`, `list_api_clients`."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from compliance.accounts.models import ApiClient
from compliance.accounts.scopes import Scope
from compliance.accounts.services import client_authenticate

pytestmark = pytest.mark.django_db


def run(*args: str) -> str:
    out = StringIO()
    call_command(*args, stdout=out, stderr=StringIO())
    return out.getvalue()


def create(name: str = "shop", *more: str) -> str:
    return run("create_api_client", name, "--scope", "erasure:read", *more).strip()


def test_the_key_works_and_is_all_that_is_written() -> None:
    client = client_authenticate(create())
    assert client is not None
    assert (client.name, client.scopes) == ("shop", ["erasure:read"])


def test_scopes_add_up() -> None:
    create("shop", "--scope", "erasure:create", "--scope", "erasure:create")
    assert ApiClient.objects.get().scopes == ["erasure:create", "erasure:read"]


def test_it_expires_at_the_end_of_the_day() -> None:
    today = timezone.localdate()
    create("shop", "--expires", today.isoformat())
    expires_at = ApiClient.objects.get().expires_at
    assert timezone.localtime(expires_at).date() == today + timedelta(days=1)
    assert expires_at - timezone.now() <= timedelta(days=1)


@pytest.mark.parametrize("day", ["2020-01-01", "tomorrow", "2027-02-30", "9999-12-31"])
def test_a_bad_day_is_refused(day: str) -> None:
    with pytest.raises(CommandError):
        create("shop", "--expires", day)
    assert not ApiClient.objects.exists()


def test_an_unknown_scope_lists_them_all() -> None:
    with pytest.raises(CommandError) as caught:
        run("create_api_client", "shop", "--scope", "everything")
    assert all(scope.value in str(caught.value) for scope in Scope)
    assert all(str(scope.label) in str(caught.value) for scope in Scope)


def test_a_scope_must_be_named() -> None:
    with pytest.raises(CommandError, match="--scope"):
        run("create_api_client", "shop")


@pytest.mark.parametrize("name", ["", " ", "a" * 101, "a\nb"])
def test_a_bad_name_is_refused(name: str) -> None:
    with pytest.raises(CommandError, match="name"):
        create(name)


def test_a_taken_name_is_refused() -> None:
    create()
    with pytest.raises(CommandError, match="already"):
        create()


def test_a_revoked_key_opens_nothing() -> None:
    key = create()
    assert "is revoked" in run("revoke_api_client", "shop")
    assert client_authenticate(key) is None
    assert "revoked before" in run("revoke_api_client", "shop")


def test_who_is_not_there_cannot_be_revoked() -> None:
    with pytest.raises(CommandError, match="no API client 'ghost'"):
        run("revoke_api_client", "ghost")


def test_the_list_shows_clients_and_no_keys() -> None:
    key = create()
    create("old")
    run("revoke_api_client", "old")
    text = run("list_api_clients")
    assert "shop" in text
    assert "usable" in text
    assert "revoked" in text
    assert key.split("_")[2] not in text
