"""Many subjects under one plan with stand-in weights; each race takes a subject of its own."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise

from compliance.erasure.impact import impact_of
from compliance.erasure.models import Channel, ErasureRequest, Ground, IdentityMethod
from compliance.erasure.services import request_receive
from compliance.erasure.states import ERASED_STATES, TRANSITIONS, State
from compliance.provenance import adapters
from compliance.provenance.models import Plan
from compliance.provenance.placement import place_new_records
from compliance.records.models import Interaction, Item, ItemEmbedding, Subject
from compliance.sealing import seal
from tests.admin.conftest import CONFIG, DIGEST, train

START = datetime(2024, 1, 1, tzinfo=UTC)
RECORDS = 3


@dataclass(frozen=True)
class World:
    """Hands out subjects with records, none twice."""

    plan: Plan
    names: Iterator[str]

    def ask(self, *, checked: bool = True) -> tuple[str, ErasureRequest]:
        subject = next(self.names)
        return subject, request_receive(
            subject=subject,
            channel=Channel.API,
            ground=Ground.CONSENT_WITHDRAWN,
            actor="client:1",
            identity=IdentityMethod.ASSERTED if checked else None,
        )


def make_world(subjects: int) -> World:
    plan = Plan.objects.create(digest="sha256:" + "2" * 64, config=CONFIG, is_active=True)
    items = Item.objects.bulk_create(
        Item(external_id=f"i-{n}", title=f"Title {n}") for n in range(RECORDS + 2)
    )
    ItemEmbedding.objects.bulk_create(ItemEmbedding(item=item, encoder=DIGEST) for item in items)
    people = Subject.objects.bulk_create(
        Subject(external_id=f"s-{n}", contact=seal(f"s-{n}@example.org")) for n in range(subjects)
    )
    Interaction.objects.bulk_create(
        Interaction(subject=subject, item=item, rating=4, occurred_at=START + timedelta(hours=hour))
        for subject in people
        for hour, item in enumerate(items[:RECORDS])
    )
    place_new_records(plan)
    for shard in range(plan.shards):
        train(adapters.shard_sync(plan=plan, shard=shard, needs_replay=False))
    return World(plan, (f"s-{n}" for n in count()))


def digest_of(request: ErasureRequest) -> str:
    return impact_of(request).digest


def records_of(subject: str) -> int:
    return Interaction.objects.filter(subject__external_id=subject).count()


def check_history(request_id: uuid.UUID) -> ErasureRequest:
    """Every move is one of the table's, none is missing, and what is erased was approved."""
    request = ErasureRequest.objects.get(pk=request_id)
    moves = list(
        request.events.filter(step="moved").order_by("pk").values_list("from_state", "to_state")
    )
    assert moves[0] == ("", State.RECEIVED.value)
    for (_, reached), (source, target) in pairwise(moves):
        assert source == reached, moves
        assert State(target) in TRANSITIONS[State(source)], moves
    assert moves[-1][1] == request.state, moves
    approvals = [target for _, target in moves].count(State.APPROVED.value)
    assert approvals == (request.status in ERASED_STATES), moves
    return request
