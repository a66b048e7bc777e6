"""One POST to the address that was checked, within limits, following nothing."""

import contextlib
import socket
import ssl
import threading
import time

import pytest

from compliance.jobs import calling
from compliance.jobs.calling import SlowAnswerError, webhook_post
from tests.jobs.receiver import make_certificate, receiving

HOST = "shop.example"


@pytest.fixture(autouse=True)
def private(settings):
    settings.ALLOW_PRIVATE_WEBHOOKS = True


def resolve_once(monkeypatch):
    """Let every name be this machine at the first question, and another at the next."""
    asked = []
    real = socket.getaddrinfo

    def resolve(host, port, *rest, **named):
        if host != HOST:
            return real(host, port, *rest, **named)
        asked.append(host)
        ip = "127.0.0.1" if len(asked) == 1 else "10.255.255.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return asked


def test_the_body_arrives_as_it_is_under_the_hosts_name():
    with receiving() as receiver:
        assert webhook_post(receiver.url, b'{"a": 1}', {"X-A": "b"}) == 204
    [(path, headers, body)] = receiver.got
    assert (path, body, headers["x-a"]) == ("/hook", b'{"a": 1}', "b")
    assert headers["host"] == f"127.0.0.1:{receiver.port}"


def test_the_connection_goes_to_the_address_that_was_checked(monkeypatch):
    asked = resolve_once(monkeypatch)
    with receiving() as receiver:
        assert webhook_post(f"http://{HOST}:{receiver.port}/", b"{}", {}) == 204
    assert asked == [HOST]
    assert receiver.got[0][1]["host"] == f"{HOST}:{receiver.port}"


def test_a_redirect_is_not_followed():
    with receiving() as other, receiving() as receiver:
        receiver.status, receiver.headers = 307, {"Location": other.url}
        assert webhook_post(receiver.url, b"{}", {}) == 307
    assert not other.got


def test_the_certificate_must_be_for_the_hosts_name(monkeypatch, tmp_path):
    certificate = make_certificate(tmp_path, HOST)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with receiving(certificate) as receiver:
        resolve_once(monkeypatch)
        assert webhook_post(f"https://{HOST}:{receiver.port}/", b"{}", {}) == 204
        with pytest.raises(ssl.SSLCertVerificationError):
            webhook_post(f"https://127.0.0.1:{receiver.port}/", b"{}", {})
    assert len(receiver.got) == 1


def test_a_certificate_that_nobody_vouches_for_is_refused(monkeypatch, tmp_path):
    resolve_once(monkeypatch)
    with (
        receiving(make_certificate(tmp_path, HOST)) as receiver,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        webhook_post(f"https://{HOST}:{receiver.port}/", b"{}", {})
    assert not receiver.got


def test_an_answer_byte_by_byte_is_cut(monkeypatch):
    monkeypatch.setattr(calling, "TOTAL_SECONDS", 1.0)
    with receiving() as receiver:
        receiver.drip = 0.3
        start = time.monotonic()
        with pytest.raises(SlowAnswerError):
            webhook_post(receiver.url, b"{}", {})
    assert time.monotonic() - start < 2.5


def test_an_answer_that_is_cut_within_its_headers_is_no_answer(monkeypatch):
    monkeypatch.setattr(calling, "TOTAL_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            there, _ = server.accept()
            with there, contextlib.suppress(OSError):
                there.sendall(b"HTTP/1.1 200 OK\r\n")
                while True:
                    there.sendall(b"X-A: b\r\n")
                    time.sleep(0.1)

        threading.Thread(target=drip, daemon=True).start()
        with pytest.raises(SlowAnswerError):
            webhook_post(f"http://127.0.0.1:{server.getsockname()[1]}/", b"{}", {})


def test_a_server_that_says_nothing_is_cut(monkeypatch):
    monkeypatch.setattr(calling, "CONNECT_SECONDS", 0.5)
    with receiving() as receiver:
        receiver.wait = 3
        with pytest.raises(SlowAnswerError):
            webhook_post(receiver.url, b"{}", {})


def test_a_handshake_that_never_ends_is_cut(monkeypatch):
    monkeypatch.setattr(calling, "TOTAL_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(SlowAnswerError):
        webhook_post(f"https://127.0.0.1:{silent.getsockname()[1]}/", b"{}", {})


def test_an_endless_answer_is_not_read():
    with receiving() as receiver:
        receiver.status, receiver.body = 200, b"x" * 50_000_000
        start = time.monotonic()
        assert webhook_post(receiver.url, b"{}", {}) == 200
    assert time.monotonic() - start < 5


def test_an_endless_head_is_refused():
    def flood(server):
        connection, _ = server.accept()
        with connection:
            connection.recv(65536)
            with contextlib.suppress(OSError):
                connection.sendall(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1_000_000)

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=flood, args=[server], daemon=True).start()
        with pytest.raises(Exception, match="got more than 100 headers"):
            webhook_post(f"http://127.0.0.1:{server.getsockname()[1]}/", b"{}", {})


def test_nobody_there_is_an_error_at_once():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(ConnectionRefusedError):
        webhook_post(f"http://127.0.0.1:{port}/", b"{}", {})
