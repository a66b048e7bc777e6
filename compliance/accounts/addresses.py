"""Where a call comes from."""

from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

HOME_NETWORK = 64  # bits of an IPv6 address that one customer of a provider has


def client_address(request: HttpRequest) -> str:
    """Return the address to count a caller by: IPv4, or the network of an IPv6 address.

    `X-Forwarded-For` is believed only as far as our own proxies (`LETHE_PROXIES`) have written it:
    each adds the address that it saw at the end, and what stands before is the caller's word.
    """
    seen = [request.META.get("REMOTE_ADDR", "")]
    if settings.PROXIES:
        seen = request.headers.get("X-Forwarded-For", "").split(",")[-settings.PROXIES :] or seen
    return _counted(seen[0].strip()) or _counted(request.META.get("REMOTE_ADDR", ""))


def _counted(text: str) -> str:
    """Return the address in `text` without a port, or nothing if it is none."""
    text = text.partition("]")[0].lstrip("[") if text.startswith("[") else text
    text = text.partition(":")[0] if text.count(":") == 1 else text
    try:
        address = ip_address(text)
    except ValueError:
        return ""
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ip_network((int(address), HOME_NETWORK), strict=False))
