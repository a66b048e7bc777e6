"""Rita reviews, Otto protects data, Anna audits, Omar operates, Nora has no role.

The subject of all requests is Alice; her identifier is a secret of its own.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.test import Client

from compliance.accounts.roles import AUDITOR, OFFICER, OPERATOR, REVIEWER
from compliance.erasure.following import requests_follow
from compliance.erasure.models import Channel, ErasureRequest, Ground, IdentityMethod
from compliance.erasure.services import request_receive
from compliance.evidence.models import Certificate
from compliance.evidence.services import certificate_issue
from compliance.provenance import adapters
from compliance.provenance.models import Adapter, Plan
from compliance.provenance.placement import place_new_records
from compliance.provenance.releases import serving_lock
from compliance.records.models import Interaction, Item, ItemEmbedding, Subject
from compliance.records.scope import EVERYTHING, Scope
from tests.approving import approve
from tests.plans import ANSWERING

ALICE = "alice-4711@example.org"
START = datetime(2024, 1, 1, tzinfo=UTC)
STAFF = {"rita": REVIEWER, "otto": OFFICER, "anna": AUDITOR, "omar": OPERATOR, "nora": None}
DIGEST = "sha256:" + "c" * 64
ENVIRONMENT = {"canary": DIGEST, "fingerprint": DIGEST}
CONFIG = {
    "base": {"digest": "sha256:" + "1" * 64},
    "encoder": {"digest": DIGEST},
    "like_threshold": "3",
    "partition": {
        "method": "hash",
        "key": "ab" * 32,
        "shards": 2,
        "slices": 2,
        "validation_share": 0.0,
    },
    **ANSWERING,
    "training": {"history_size": 3, "targets_per_prompt": 1, "min_history": 1},
}


def make_user(name: str, password: str | None = None) -> User:
    user = User.objects.create_user(name, password=password, is_staff=name in STAFF)
    if STAFF.get(name):
        user.groups.add(Group.objects.get(name=STAFF[name]))
    return user


@pytest.fixture
def login(db: None) -> Callable[[str], Client]:
    """Return a browser in which somebody of the cast is logged in."""

    def browser(name: str) -> Client:
        client = Client()
        client.force_login(User.objects.filter(username=name).first() or make_user(name))
        return client

    return browser


@pytest.fixture
def plan(db: None) -> Plan:
    """Two trained shards; Alice is in one of them."""
    return make_trained_plan()


def make_trained_plan() -> Plan:
    plan = Plan.objects.create(digest="sha256:" + "2" * 64, config=CONFIG, is_active=True)
    items = [Item.objects.create(external_id=f"i-{n}", title=f"Title {n}") for n in range(4)]
    ItemEmbedding.objects.bulk_create(ItemEmbedding(item=item, encoder=DIGEST) for item in items)
    for name in (ALICE, *(f"other-{n}" for n in range(6))):
        subject = Subject.objects.create(external_id=name)
        for hour, item in enumerate(items):
            Interaction.objects.create(
                subject=subject, item=item, rating=4, occurred_at=START + timedelta(hours=hour)
            )
    place_new_records(plan)
    for shard in range(plan.shards):
        train(adapters.shard_sync(plan=plan, shard=shard, needs_replay=False))
    return plan


@transaction.atomic
def train(adapter: Adapter) -> None:
    """Stand in for a worker."""
    adapters.adapter_start(adapter, trainer="host:1", environment=ENVIRONMENT)
    digest = ""
    for slice_ in range(adapter.first_slice, adapter.plan.slices):
        digest = "sha256:" + sha256(f"{adapter.pk}/{slice_}".encode()).hexdigest()
        adapters.checkpoint_add(adapter, slice_=slice_, digest=digest)
    adapters.adapter_trained(adapter, digest=digest)


def make_request(
    *, checked: bool = True, subject: str = ALICE, scope: Scope = EVERYTHING
) -> ErasureRequest:
    return request_receive(
        subject=subject,
        scope=scope,
        channel=Channel.ADMIN,
        ground=Ground.CONSENT_WITHDRAWN,
        actor="system:test",
        identity=IdentityMethod.ASSERTED if checked else None,
    )


@pytest.fixture
def erasure(plan: Plan) -> ErasureRequest:
    """Alice's request, in review."""
    return make_request()


def make_certificate(erasure: ErasureRequest) -> Certificate:
    """Bring a request in review to its end, with stand-ins for the workers."""
    approve(erasure)
    adapter = erasure.touched.get().successor()
    train(adapter)
    with transaction.atomic():
        adapters.adapter_replayed(
            adapter, digest=adapter.digest, replayer="host:2", environment=ENVIRONMENT
        )
        serving_lock()
        requests_follow()
    return certificate_issue(request_id=erasure.pk, actor="system:test")
