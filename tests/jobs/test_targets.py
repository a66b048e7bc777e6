"""No webhook into a private network, in whatever form its address is written."""

import socket

import pytest

from compliance.jobs.addresses import AddressError, is_public, target_of

PRIVATE = [
    "10.0.0.1",
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "100.64.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "192.168.1.1",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
    "::127.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::10.0.0.1",
    "2002:0a00:0001::1",
    "2001:0:4136:e378:8000:63bf:f5ff:fffe",
    "2001:db8::1",
    "fe80::1",
    "fec0::1",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "5f00::1",
]


@pytest.mark.parametrize("ip", PRIVATE)
def test_no_private_address_is_called(ip):
    assert not is_public(ip)
    host = f"[{ip}]" if ":" in ip else ip
    with pytest.raises(AddressError, match="private network") as error:
        target_of(f"https://{host}/hook")
    assert ip not in str(error.value)


@pytest.mark.parametrize("ip", ["8.8.8.8", "93.184.215.14", "2606:4700::1111", "64:ff9b::808:808"])
def test_a_public_address_is_called(ip):
    assert is_public(ip)
    host = f"[{ip}]" if ":" in ip else ip
    assert target_of(f"https://{host}/hook").ips == (ip,)


@pytest.mark.parametrize(
    "host", ["2130706433", "0177.0.0.1", "0x7f.1", "127.1", "0x7f000001", "017700000001", "127.0.1"]
)
def test_a_private_address_in_disguise_is_not_called(host):
    with pytest.raises(AddressError):
        target_of(f"https://{host}/")


def test_a_name_for_a_private_address_is_not_called():
    with pytest.raises(AddressError, match="private network"):
        target_of("https://localhost/")


def answering(monkeypatch, *ips):
    """Let the resolver give these addresses for every name."""

    def resolve(host, port, *_, **__):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in ips]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


def test_a_name_with_one_private_address_among_public_ones_is_not_called(monkeypatch):
    answering(monkeypatch, "8.8.8.8", "10.0.0.1")
    with pytest.raises(AddressError, match="private network"):
        target_of("https://shop.example/")


def test_a_checked_address_comes_with_what_to_connect_to(monkeypatch):
    answering(monkeypatch, "8.8.8.8", "8.8.8.8", "8.8.4.4")
    target = target_of("https://Shop.example:8443/hook?a=b")
    assert target.ips == ("8.8.8.8", "8.8.4.4")
    assert (target.host, target.netloc) == ("shop.example", "shop.example:8443")
    assert (target.port, target.path) == (8443, "/hook?a=b")


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://shop.example/", "https://"),
        ("ftp://shop.example/", "https://"),
        ("file:///etc/passwd", "https://"),
        ("//shop.example/", "https://"),
        ("shop.example", "https://"),
        ("", "https://"),
        ("https://", "names no host"),
        ("https:///hook", "names no host"),
        ("https://shop.example:0/", "names no host"),
        ("https://shop.example:99999/", "no URL"),
        ("https://[::1/", "no URL"),
        ("https://shop.example@10.0.0.1/", "neither a user"),
        ("https://user:word@shop.example/", "neither a user"),
        ("https://shop.example/#there", "neither a user"),
        ("https://shop.example\\@10.0.0.1/", "ASCII characters"),
        ("https://shop.example/a b", "ASCII characters"),
        ("https://shop.example/\r\nX: y", "ASCII characters"),
        ("https://shöp.example/", "ASCII characters"),
        ("https://shop.example/" + "a" * 500, "ASCII characters"),
        ("https://no-such-host.invalid/", "no host of this name"),
        ("https://" + "a" * 70 + ".example/", "no host of this name"),
    ],
)
def test_what_is_wrong_with_an_address_is_said(url, why):
    with pytest.raises(AddressError, match=why):
        target_of(url)


def test_an_intranet_may_be_allowed_and_http_on_this_machine_alone(settings, monkeypatch):
    settings.ALLOW_PRIVATE_WEBHOOKS = True
    assert target_of("https://10.0.0.1/").ips == ("10.0.0.1",)
    assert target_of("http://127.0.0.1:8080/").netloc == "127.0.0.1:8080"
    with pytest.raises(AddressError, match="https://"):
        target_of("http://10.0.0.1/")
    with pytest.raises(AddressError, match="https://"):
        target_of("http://8.8.8.8/")
