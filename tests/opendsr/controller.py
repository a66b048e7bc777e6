"""A controller that has read the protocol and nothing else. It knows nothing of the program here.

It sends requests over HTTP, checks both headers of whatever comes back, and takes callbacks on a
port of its own, where it checks them as the protocol says: the raw body, before it is parsed.
"""

import base64
import contextlib
import http.client
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

DOMAIN_HEADER, SIGNATURE_HEADER = "X-OpenDSR-Processor-Domain", "X-OpenDSR-Signature"
LAST_MEMBER = b',"processor_signature":'


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def content(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> Any:
        return self.content["error"]


@dataclass
class Processor:
    """The other side, by its address: `http://host:port/opendsr/v2`."""

    address: str
    key: str = ""
    certificate: x509.Certificate | None = None

    def call(
        self, method: str, path: str, body: object = None, *, headers: dict[str, str] | None = None
    ) -> Answer:
        parts = urlsplit(self.address)
        sent = {"Accept": "application/json"} | (headers or {})
        if self.key:
            sent["Authorization"] = f"Bearer {self.key}"
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        connection = http.client.HTTPConnection(parts.netloc, timeout=30)
        with contextlib.closing(connection):
            connection.request(method, parts.path + path, data, sent)
            response = connection.getresponse()
            return Answer(response.status, dict(response.headers), response.read())

    def discover(self) -> Any:
        """Read what is supported, and fetch the certificate that checks signatures."""
        found = self.call("GET", "/discovery").content
        path = urlsplit(found["processor_certificate"]).path
        whole = Processor(self.address.removesuffix("/opendsr/v2"))
        self.certificate = x509.load_pem_x509_certificate(whole.call("GET", path).body)
        return found

    def has_signed(self, headers: dict[str, str], body: bytes) -> bool:
        """Whether both headers are there, and the signature is of the raw body."""
        names = {name.lower(): value for name, value in headers.items()}
        domain, signature = names.get(DOMAIN_HEADER.lower()), names.get(SIGNATURE_HEADER.lower())
        return bool(domain and signature) and self._is_ours(domain) and self._fits(signature, body)

    def has_signed_inside(self, body: bytes) -> bool:
        """Whether `processor_signature`, the last member, is of the body without it."""
        rest, _, last = body.rpartition(LAST_MEMBER)
        return self._fits(json.loads(last.removesuffix(b"}")), rest + b"}")

    def _is_ours(self, domain: str) -> bool:
        names = self.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        return domain in names.value.get_values_for_type(x509.DNSName)

    def _fits(self, signature: str, body: bytes) -> bool:
        try:
            self.certificate.public_key().verify(
                base64.b64decode(signature, validate=True),
                body,
                padding.PKCS1v15(),
                hashes.SHA256(),
            )
        except Exception:
            return False
        return True


@dataclass
class Callbacks:
    """What has been called back; what is not signed is answered 403 and kept apart."""

    processor: Processor
    port: int = 0
    status: int = 200
    taken: list[Any] = field(default_factory=list)
    refused: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/callbacks"

    @property
    def statuses(self) -> list[str]:
        return [one["request_status"] for one in self.taken]

    def take(self, headers: dict[str, str], body: bytes) -> int:
        if not self.processor.has_signed(headers, body):
            self.refused.append(body)
            return 403
        content = json.loads(body)
        if self.status == 200 and content["status_callback_url"] == self.url:
            self.taken.append(content)
        return self.status


@contextlib.contextmanager
def taking_callbacks(processor: Processor) -> Iterator[Callbacks]:
    callbacks = Callbacks(processor)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(callbacks.take(dict(self.headers), body))
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    callbacks.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield callbacks
    finally:
        server.shutdown()
        server.server_close()
