"""Postgres keeps the evidence of deliveries: attempts are only added, messages never removed."""

from django.db import migrations

from compliance.guards import (
    append_only,
    no_removal,
    one_way,
    only_cleared,
    state_machine,
    unchangeable,
)

TRANSITIONS = {
    "queued": ["cancelled", "dead", "delivered"],
    "dead": ["cancelled", "queued"],
}


class Migration(migrations.Migration):
    dependencies = [("jobs", "0002_outbox")]

    operations = [
        state_machine("jobs_outboxmessage", "queued", TRANSITIONS),
        no_removal("jobs_outboxmessage"),
        unchangeable(
            "jobs_outboxmessage", ["id", "kind", "topic", "about", "endpoint_id", "created_at"]
        ),
        only_cleared("jobs_outboxmessage", ["payload"]),
        one_way("jobs_outboxmessage", ["delivered_at"]),
        append_only("jobs_deliveryattempt"),
    ]
