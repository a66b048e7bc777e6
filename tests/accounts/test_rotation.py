"""A new key for a client: the old one opens for a while, then nothing."""

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.utils import timezone

from compliance.accounts.models import ApiClient
from compliance.accounts.scopes import Scope
from compliance.accounts.services import (
    ClientRefusedError,
    client_authenticate,
    client_create,
    client_revoke,
    client_rotate,
)

DAY = timedelta(days=1)


@pytest.fixture
def shop(db: None) -> tuple[ApiClient, str]:
    return client_create(name="shop", scopes=[Scope.ERASURE_READ])


def opens(*keys: str) -> list[bool]:
    return [client_authenticate(key) is not None for key in keys]


def rotate(overlap: timedelta = DAY) -> str:
    return client_rotate(client_id=ApiClient.objects.get().pk, overlap=overlap)[1]


def command(*args: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("rotate_api_client", *args, stdout=out, stderr=err)
    return out.getvalue().strip(), err.getvalue()


def test_both_keys_open_during_the_overlap_and_then_the_new_one(shop) -> None:
    new = rotate()
    assert opens(shop[1], new) == [True, True]
    ApiClient.objects.update(former_ends_at=timezone.now())
    assert opens(shop[1], new) == [False, True]


def test_without_an_overlap_the_old_key_ends_at_once(shop) -> None:
    new = rotate(timedelta(0))
    assert opens(shop[1], new) == [False, True]


def test_a_second_rotation_ends_the_oldest_key(shop) -> None:
    second = rotate()
    third = rotate()
    assert opens(shop[1], second, third) == [False, True, True]
    fourth = rotate(timedelta(0))
    assert opens(shop[1], second, third, fourth) == [False, False, False, True]


def test_the_client_stays_the_same(shop) -> None:
    client = client_authenticate(rotate())
    assert (client.pk, client.name, client.scopes) == (shop[0].pk, "shop", ["erasure:read"])


def test_the_use_of_the_old_key_is_kept_apart(shop) -> None:
    new = rotate()
    client_authenticate(shop[1])
    client = ApiClient.objects.get()
    assert (client.last_used_at, client.former_used_at is None) == (None, False)
    client_authenticate(new)
    assert ApiClient.objects.get().last_used_at
    rotate()
    assert ApiClient.objects.get().former_used_at is None


def test_a_revoked_client_has_no_key_at_all(shop) -> None:
    new = rotate()
    client_revoke(client_id=shop[0].pk)
    assert opens(shop[1], new) == [False, False]
    with pytest.raises(ClientRefusedError, match="revoked for good"):
        rotate()


def test_an_expired_client_is_not_rotated(shop) -> None:
    ApiClient.objects.update(expires_at=timezone.now())
    with pytest.raises(ClientRefusedError, match="has expired"):
        rotate()


@pytest.mark.parametrize("overlap", [timedelta(seconds=-1), timedelta(days=91)])
def test_an_overlap_has_bounds(shop, overlap: timedelta) -> None:
    with pytest.raises(ClientRefusedError, match="from 0 to 2160 hours"):
        rotate(overlap)


def test_the_database_holds_no_key(shop) -> None:
    new = rotate()
    row = str(ApiClient.objects.values().get())
    assert not [key for key in (shop[1], new) if key.rsplit("_", 1)[1] in row]


def test_an_empty_former_digest_opens_nothing(shop) -> None:
    """A row without a former key must not match a key without a secret."""
    ApiClient.objects.update(former_ends_at=timezone.now() + DAY)
    assert opens(f"lethe_{shop[0].key_id}_", f"lethe_{shop[0].key_id}_{'A' * 43}") == [False, False]


def test_of_two_at_once_one_rotates(committed_db: None) -> None:
    client, old = client_create(name="shop", scopes=[Scope.ERASURE_READ])

    def attempt(_: int) -> str | None:
        try:
            return client_rotate(client_id=client.pk, overlap=DAY, rotations=0)[1]
        except ClientRefusedError:
            return None
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        keys = [key for key in pool.map(attempt, range(8)) if key]
    assert len(keys) == 1
    assert opens(old, *keys) == [True, True]


def test_the_command_writes_the_key_and_nothing_else(
    shop, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        key, told = command("shop", "--overlap", "2")
    assert opens(key, shop[1]) == [True, True]
    assert "The old key opens until" in told
    assert key not in told + caplog.text
    left = ApiClient.objects.get().former_ends_at - timezone.now()
    assert timedelta(hours=1.9) < left <= timedelta(hours=2)


def test_the_command_ends_the_old_key_at_once_if_told_so(shop) -> None:
    key, told = command("shop", "--overlap", "0")
    assert "opens nothing any more" in told
    assert opens(shop[1], key) == [False, True]


@pytest.mark.parametrize("hours", ["-1", "2161", "1.5", "x", "", "٣"])
def test_the_command_refuses_other_hours(shop, hours: str) -> None:
    with pytest.raises(CommandError, match="from 0 to 2160"):
        command("shop", f"--overlap={hours}")
    assert opens(shop[1]) == [True]


def test_the_command_names_who_is_not_there(db: None) -> None:
    with pytest.raises(CommandError, match="no API client 'ghost'"):
        command("ghost")


def test_the_list_tells_of_the_old_key(shop) -> None:
    def listed() -> str:
        out = StringIO()
        call_command("list_api_clients", stdout=out)
        return out.getvalue()

    assert "until" not in listed()
    rotate()
    assert "until" in listed()
