"""Call a webhook: one POST to a checked address, with limits, following nothing."""

import contextlib
import http.client
import socket
import ssl
from collections.abc import Iterator, Mapping
from threading import Event, Timer

from compliance.jobs.addresses import Target, target_of

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 15.0  # from the connection to the end of the answer's head
MOST_IPS = 3


class SlowAnswerError(Exception):
    """The whole call took too long."""


def webhook_post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    """Return the status of the answer; its body is not read, and no redirect is followed.

    Raises `AddressError`, `SlowAnswerError`, and what `ssl`, `http.client` and sockets raise.
    """
    target = target_of(url)
    with contextlib.closing(_connected(target)) as sock, _cut_after(sock, TOTAL_SECONDS):
        if isinstance(sock, ssl.SSLSocket):
            sock.do_handshake()
        connection = http.client.HTTPConnection(target.host, target.port)
        connection.sock = sock
        connection.request("POST", target.path, body, {"Host": target.netloc, **headers})
        return connection.getresponse().status


def _connected(target: Target) -> socket.socket:
    """Connect to one of the addresses that were checked, to speak to the host of that name."""
    plain = _reached(target.port, target.ips[:MOST_IPS])
    if not target.secure:
        return plain
    return ssl.create_default_context().wrap_socket(
        plain, server_hostname=target.host, do_handshake_on_connect=False
    )


def _reached(port: int, ips: tuple[str, ...]) -> socket.socket:
    for ip in ips[:-1]:
        with contextlib.suppress(OSError):
            return socket.create_connection((ip, port), CONNECT_SECONDS)
    return socket.create_connection((ips[-1], port), CONNECT_SECONDS)


@contextlib.contextmanager
def _cut_after(sock: socket.socket, seconds: float) -> Iterator[None]:
    """Cut the connection after `seconds`: a socket's own limit starts anew with every byte."""
    late = Event()

    def cut() -> None:
        late.set()
        with contextlib.suppress(OSError):
            # Not close(): only this wakes the thread that reads.
            socket.socket.shutdown(sock, socket.SHUT_RDWR)

    timer = Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
        if late.is_set():  # where it was cut, http.client takes the head to have ended
            raise SlowAnswerError
    except (OSError, http.client.HTTPException) as error:
        if late.is_set() or isinstance(error, TimeoutError):
            raise SlowAnswerError from None
        raise
    finally:
        timer.cancel()
