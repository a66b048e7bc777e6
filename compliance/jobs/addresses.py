"""Where a webhook may go. The same check stands before saving an address and before each call.

Addresses come from people and machines outside. Without the check they would make this server
call what only it can reach: its own ports, its neighbours, a cloud's metadata service.
"""

import socket
from concurrent.futures import Future
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from threading import Thread
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

LONGEST = 500
RESOLVE_SECONDS = 5.0
NAT64 = IPv6Network("64:ff9b::/96")
GLOBAL_UNICAST = IPv6Network("2000::/3")
# Tunnels to an IPv4 address that stands inside; nobody serves from there.
TUNNELS = (IPv6Network("2002::/16"), IPv6Network("2001::/32"))
PORTS = {"https": 443, "http": 80}


class AddressError(ValueError):
    """A webhook must not go there; the message says why and does not quote the address."""


class SlowResolverError(AddressError):
    """Where it would go could not be found out in time."""


@dataclass(frozen=True)
class Target:
    """A checked address: what to connect to (`ips`), and the name to connect as (`host`)."""

    secure: bool
    host: str
    port: int
    path: str
    ips: tuple[str, ...]

    @property
    def netloc(self) -> str:
        """Return what stands in the header `Host`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = self.port == PORTS["https" if self.secure else "http"]
        return host if usual else f"{host}:{self.port}"


def target_of(url: str) -> Target:
    """Resolve and check the address. Raise `AddressError` if a webhook must not go there.

    Connect to `ips` and resolve no more: a second answer might be another one.
    """
    parts = _split(url)
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    ips = _resolved(host, port)
    if not settings.ALLOW_PRIVATE_WEBHOOKS and not all(map(is_public, ips)):
        raise AddressError(_("The host is in a private network. Only public addresses are called."))
    if parts.scheme == "http" and not all(ip_address(ip).is_loopback for ip in ips):
        raise AddressError(_("The address must start with https://."))
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme == "https", host, port, path, ips)


def is_public(text: str) -> bool:
    """Tell whether an IP address belongs to the public internet, whatever form hides it."""
    address = ip_address(text)
    if isinstance(address, IPv6Address):
        inside = _v4_inside(address)
        if inside is None:
            in_tunnel = any(address in tunnel for tunnel in TUNNELS)
            return address in GLOBAL_UNICAST and address.is_global and not in_tunnel
        address = inside
    return address.is_global and not address.is_multicast and not address.is_reserved


def _v4_inside(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that is reached through a mapped or NAT64 one."""
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped


def _split(url: str) -> SplitResult:
    if len(url) > LONGEST or not url.isascii() or not url.isprintable() or set(url) & set(' \\"<>'):
        raise AddressError(
            _("The address must be a URL of up to %(most)d ASCII characters without spaces.")
            % {"most": LONGEST}
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise AddressError(_("The address is no URL.")) from None
    if parts.scheme not in _schemes():
        raise AddressError(_("The address must start with https://."))
    if not parts.hostname or port == 0:
        raise AddressError(_("The address names no host, or no port that can be called."))
    if "@" in parts.netloc or parts.fragment:
        raise AddressError(_("The address must have neither a user nor a fragment in it."))
    return parts


def _schemes() -> tuple[str, ...]:
    return ("https", "http") if settings.ALLOW_PRIVATE_WEBHOOKS else ("https",)


def _resolved(host: str, port: int) -> tuple[str, ...]:
    try:
        found = _looked_up(host, port).result(RESOLVE_SECONDS)
    except TimeoutError:
        raise SlowResolverError(
            _("The name of the host was not found in time. Try again, or see to its name servers.")
        ) from None
    except (OSError, UnicodeError):
        raise AddressError(_("There is no host of this name.")) from None
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def _looked_up(host: str, port: int) -> Future[list[Any]]:
    """Ask the resolver in a thread: it knows no limit of time, and nothing can stop it.

    One that hangs is left behind; it ends when the resolver gives up, or with the process.
    """
    answer: Future[list[Any]] = Future()

    def ask() -> None:
        try:
            answer.set_result(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except Exception as error:
            answer.set_exception(error)

    Thread(target=ask, name="resolver", daemon=True).start()
    return answer
