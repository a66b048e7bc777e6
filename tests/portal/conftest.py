"""Alice is a customer with a mail address, Bob one without, Nobody is unknown.

The portal is used as a browser without scripts does it: with cookies, and forms as they were sent.
"""

import re

import pytest
from django.test import Client
from django.utils import timezone

from compliance.erasure.links import status_path
from compliance.erasure.models import ErasureRequest
from compliance.jobs.models import OutboxMessage
from compliance.jobs.outbox import payload_of
from compliance.portal import pages
from compliance.records.models import Interaction, Item, Subject
from compliance.sealing import seal
from tests.erasure.conftest import at, in_berlin  # noqa: F401 - fixtures

ALICE, BOB, NOBODY = "alice-4711", "bobby-0815", "nobody-000"
MAILBOX = "alice@example.org"
WISH = {"scope": "everything", "ground": "17(1)(b)"}


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    monkeypatch.setattr(pages, "BEAT", 0.001)


@pytest.fixture
def person(db) -> Client:
    """Somebody's browser. It must send the token with each form."""
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def customers(db) -> None:
    make_customers()


def make_customers() -> None:
    item = Item.objects.create(external_id="i-1", title="A lamp")
    for name in (ALICE, BOB):
        subject = Subject.objects.create(
            external_id=name, contact=seal(MAILBOX) if name == ALICE else None
        )
        Interaction.objects.create(subject=subject, item=item, rating=4, occurred_at=timezone.now())


def hidden(html: str) -> dict[str, str]:
    """Return the hidden fields of the page's last form."""
    form = html.rpartition("<main")[2].rpartition("<form")[2]
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))


def token_of(html: str) -> str:
    return re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', html)[0]


def submit(person: Client, path: str, **values: str):
    """Open the page at `path` and send its form."""
    html = person.get(path).content.decode()
    return person.post(path.partition("?")[0], hidden(html) | values)


def ask(person: Client, subject: str = ALICE, **values: str):
    return submit(person, "/requests/", subject=subject, **(WISH | values))


def asked(person: Client, subject: str = ALICE, **values: str) -> ErasureRequest:
    """Ask, and return the request that came of it."""
    response = ask(person, subject, **values)
    assert response.status_code == 302, response.content.decode()
    return ErasureRequest.objects.get(pk=response.headers["Location"].split("/")[2])


def press(person: Client, path: str, **values: str):
    """Send a form of the page at `path` with these values."""
    html = person.get(path).content.decode()
    values["csrfmiddlewaretoken"] = token_of(html)
    return person.post(path, values)


def page_of(person: Client, request: ErasureRequest) -> str:
    response = person.get(status_path(request.pk))
    assert response.status_code == 200
    return response.content.decode()


def mail_of(topic: str, request: ErasureRequest) -> str:
    message = OutboxMessage.objects.filter(topic=topic, about=request.pk).latest("created_at")
    mail = payload_of(message)
    assert mail.to == MAILBOX
    return mail.text


def code_for(request: ErasureRequest) -> str:
    return re.findall(r"^\d{8}$", mail_of("erasure.code", request), re.MULTILINE)[0]


def verified(person: Client, request: ErasureRequest) -> ErasureRequest:
    press(person, status_path(request.pk), code=code_for(request))
    request.refresh_from_db()
    assert request.verified_at
    return request
