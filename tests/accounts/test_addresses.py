"""Where a call comes from, and whose word on it is taken."""

import pytest
from django.test import RequestFactory

from compliance.accounts.addresses import client_address


def address(peer: str = "10.0.0.1", forwarded: str | None = None) -> str:
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    return client_address(RequestFactory().get("/", REMOTE_ADDR=peer, headers=headers))


def test_without_a_proxy_the_header_is_ignored(settings) -> None:
    settings.PROXIES = 0
    assert address(forwarded="203.0.113.9") == "10.0.0.1"


def test_behind_a_proxy_only_its_own_entry_counts(settings) -> None:
    settings.PROXIES = 1
    assert address(forwarded="1.1.1.1, 203.0.113.9") == "203.0.113.9"


def test_behind_two_proxies_the_outer_ones_entry_counts(settings) -> None:
    settings.PROXIES = 2
    assert address(forwarded="1.1.1.1, 203.0.113.9, 10.0.0.7") == "203.0.113.9"
    assert address(forwarded="203.0.113.9") == "203.0.113.9"


@pytest.mark.parametrize("forwarded", [None, "", "unknown", "1.2.3.4.5", "1.1.1.1, ", "é"])
def test_what_is_no_address_falls_back_to_the_peer(settings, forwarded: str | None) -> None:
    settings.PROXIES = 1
    assert address(forwarded=forwarded) == "10.0.0.1"


@pytest.mark.parametrize(
    ("seen", "counted"),
    [
        ("203.0.113.9:4711", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::1]:443", "2001:db8:1:2::/64"),
    ],
)
def test_one_customer_is_one_address(settings, seen: str, counted: str) -> None:
    settings.PROXIES = 1
    assert address(forwarded=seen) == counted


def test_a_socket_without_addresses_is_one_place(settings) -> None:
    settings.PROXIES = 0
    assert address(peer="") == ""
