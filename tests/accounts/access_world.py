"""Something of everything that has a page, and callers of each kind.

A new endpoint whose address has arguments needs a way to build them here: an entry in `ARGUMENTS`
by the name of the argument, or one in `ADDRESSES` by the name of the address.
"""

import re
import uuid
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction
from django.test import Client

from compliance.accounts.access import CALLERS, NO_ROLE, NOBODY, SUPERUSER, Endpoint
from compliance.accounts.roles import ROLES
from compliance.accounts.scopes import Scope
from compliance.accounts.services import client_create
from compliance.erasure.batches import batch_draft
from compliance.erasure.links import status_token
from compliance.erasure.models import Batch, BatchAction, ErasureRequest
from compliance.erasure.recipients import recipient_save
from compliance.jobs.endpoints import endpoint_create
from compliance.jobs.models import OutboxMessage, Outcome
from compliance.jobs.outbox import message_mark_failed, webhook_enqueue
from compliance.provenance.exports import export_add
from compliance.provenance.models import ExportKind
from compliance.provenance.releases import live_release
from tests.admin.conftest import make_certificate, make_request, make_trained_plan


class World:
    """Rows for all pages, a browser for each caller, and keys."""

    def __init__(self) -> None:
        make_trained_plan()
        self.certificate = make_certificate(make_request(subject="other-0"))
        self.erasure = make_request()
        self.batch = _batch(self.erasure)
        _export()
        self.message = _message()
        client_create(name="shop", scopes=[Scope.RECOMMENDATIONS_READ])
        self.browsers = {name: _browser(name) for name in CALLERS}

    def key(self, *scopes: Scope) -> str:
        return client_create(name=f"of {uuid.uuid4()}", scopes=scopes)[1]

    def url(self, endpoint: Endpoint) -> str:
        """Return the endpoint's address with arguments that belong to something."""
        given = ADDRESSES.get(endpoint.name, {})
        path = f"/{endpoint.path}"
        for name in endpoint.arguments:
            value = (given.get(name) or ARGUMENTS.get(name, _missing))(self, endpoint)
            path = re.sub(f"<([a-z]+:)?{name}>", str(value), path)
        return path


def _batch(erasure: ErasureRequest) -> Batch:
    """Make a batch of a client that does not call."""
    client, _ = client_create(name="bulk", scopes=[Scope.ERASURE_DECIDE])
    actor = f"client:{client.pk}"
    return batch_draft(action=BatchAction.CANCEL, request_ids=[erasure.pk], actor=actor)


def _message() -> OutboxMessage:
    """Make a dead letter, an endpoint and a recipient."""
    endpoint, _ = endpoint_create(name="Shop", url="https://8.8.8.8/")
    recipient_save(name="Agency", endpoint=endpoint, mail="")
    message = webhook_enqueue(about=uuid4(), topic="test", body=b"{}", endpoint=endpoint)
    message_mark_failed(message, outcome=Outcome.TIMEOUT, final=True)
    return message


def row(world: World, endpoint: Endpoint) -> Any:
    """Return the key of a row of the model that a page of the admin is about."""
    for model in admin.site._registry:
        if endpoint.path.startswith(f"admin/{model._meta.app_label}/{model._meta.model_name}/"):
            return _first(model, endpoint)
    return _missing(world, endpoint)


def _first(model: type[models.Model], endpoint: Endpoint) -> Any:
    one = model._default_manager.first()
    if one is None:
        pytest.fail(f"{endpoint.path} needs a {model.__name__}: make one in World in {__file__}.")
    return one.pk


def _missing(world: World, endpoint: Endpoint) -> Any:
    pytest.fail(
        f"/{endpoint.path} ({endpoint.name}) has no way to build its arguments "
        f"({', '.join(endpoint.arguments)}). Add one to ARGUMENTS or ADDRESSES in {__file__}."
    )


Build = Callable[[World, Endpoint], Any]
ARGUMENTS: dict[str, Build] = {
    "pk": row,
    "object_id": row,
    "id": row,
    "batch_id": lambda world, endpoint: world.batch.pk,
    "message_id": lambda world, endpoint: world.message.pk,
    "request_id": lambda world, endpoint: world.erasure.pk,
    "token": lambda world, endpoint: status_token(world.erasure.pk),
    "app_label": lambda world, endpoint: "erasure",
    "url": lambda world, endpoint: "nothing-here",
}
ADDRESSES: dict[str, dict[str, Build]] = {
    "opendsr-nothing": {"nothing": lambda *_: "v3/discovery"},
    "admin:view_on_site": {
        "content_type_id": lambda *_: ContentType.objects.get_for_model(ErasureRequest).pk,
        "object_id": lambda world, endpoint: world.erasure.pk,
    },
    "portal-certificate": {
        "request_id": lambda world, endpoint: world.certificate.request_id,
        "token": lambda world, endpoint: status_token(world.certificate.request_id),
    },
    "erasure-certificate": {
        "request_id": lambda world, endpoint: world.certificate.request_id,
    },
}


def _browser(name: str) -> Client:
    browser = Client(raise_request_exception=False)
    if name != NOBODY:
        user = User.objects.create(username=name, is_staff=True, is_superuser=name == SUPERUSER)
        if name in ROLES:
            user.groups.add(Group.objects.get(name=name))
        browser.force_login(user)
    assert name in {NOBODY, NO_ROLE, SUPERUSER, *ROLES}
    return browser


@transaction.atomic
def _export() -> None:
    release, epoch = live_release()
    export_add(
        release=release,
        epoch=epoch,
        checkpoints=list(release.checkpoints.all()[:1]),
        kind=ExportKind.ADAPTER,
        omega=None,
        digest=release.digest,
        path="/srv/shard",
        by="omar",
    )
