"""The controller `shop` vouches for its customers, `newsletter` does not. Both send by OpenDSR."""

import json
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from django.conf import settings as settings_
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.management import call_command
from django.test import Client, override_settings
from django.test.testcases import LiveServerThread

from compliance.accounts.scopes import Scope
from compliance.accounts.services import client_create
from tests.opendsr.controller import Answer, Processor

BASE = "/opendsr/v2"
ALICE = "alice-4711@example.org"
DOMAIN = "lethe.example"


@pytest.fixture(scope="session")
def keys(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The session's keys with one for OpenDSR, and a certificate: RSA keys take their time."""
    folder = tmp_path_factory.mktemp("keys")
    shutil.copytree(settings_.KEYS_DIR, folder, dirs_exist_ok=True)
    with override_settings(KEYS_DIR=folder, OPENDSR_DOMAIN=DOMAIN):
        call_command("opendsr_certificate", "--self-signed")
    return folder


@pytest.fixture
def domain(keys: Path, settings: Any) -> None:
    """We are lethe.example, and can sign."""
    settings.OPENDSR_DOMAIN, settings.KEYS_DIR = DOMAIN, keys
    settings.PUBLIC_URL = f"https://{DOMAIN}"
    settings.ALLOW_PRIVATE_WEBHOOKS = True


class Local(Processor):
    """Calls without a server in between, in the test's own transaction."""

    def call(self, method: str, path: str, body: Any = None, **options: Any) -> Answer:
        data = body if isinstance(body, str | bytes) else "" if body is None else json.dumps(body)
        headers = {"accept": "application/json"} | (options.get("headers") or {})
        if self.key:
            headers["authorization"] = f"Bearer {self.key}"
        path = path if path.startswith("/opendsr") else BASE + path
        response = Client(raise_request_exception=False).generic(
            method, path, data, options.get("content_type", "application/json"), headers=headers
        )
        return Answer(response.status_code, dict(response.headers), response.content)

    def discover(self) -> Any:
        self.certificate = x509.load_pem_x509_certificate(self.call("GET", "/certificate").body)
        return self.call("GET", "/discovery").content


def make_controller(*scopes: Scope, name: str) -> str:
    return client_create(name=name, scopes=[Scope.OPENDSR, *scopes])[1]


@pytest.fixture
def shop(db: None, domain: None) -> Local:
    processor = Local(BASE, make_controller(Scope.ERASURE_ASSERT, name="shop"))
    processor.discover()
    return processor


@pytest.fixture
def newsletter(db: None, domain: None) -> Local:
    processor = Local(BASE, make_controller(name="newsletter"))
    processor.discover()
    return processor


@pytest.fixture
def server(committed_db: None, domain: None) -> Iterator[str]:
    thread = LiveServerThread("127.0.0.1", StaticFilesHandler, connections_override={})
    thread.daemon = True
    thread.start()
    assert thread.is_ready.wait(30)
    yield f"http://127.0.0.1:{thread.port}"
    thread.terminate()


def a_request(**changes: Any) -> dict[str, Any]:
    """A request as the protocol's example has it; None takes a member out."""
    body = {
        "regulation": "gdpr",
        "subject_request_id": str(uuid.uuid4()),
        "subject_request_type": "erasure",
        "submitted_time": "2026-10-02T15:00:00Z",
        "subject_identities": [
            {
                "identity_type": "controller_customer_id",
                "identity_value": ALICE,
                "identity_format": "raw",
            }
        ],
        "api_version": "2.0",
    } | changes
    return {name: value for name, value in body.items() if value is not ...}
