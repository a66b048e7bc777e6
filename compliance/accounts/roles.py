"""The roles of people: one table of groups and what each may do in the admin.

After every `migrate` the four groups hold exactly these permissions. Another mix of permissions is
a group of another name.
"""

from typing import Any

from django.apps import AppConfig
from django.contrib.auth.models import Group, Permission

REQUESTS = (
    "erasure.view_erasurerequest",
    "erasure.view_erasureevent",
    "erasure.view_touchedshard",
    "erasure.view_extension",
    "erasure.view_pause",
    "erasure.view_answer",
    "erasure.view_comment",
    "erasure.view_endorsement",
    "records.view_restriction",
    "evidence.view_certificate",
    "jobs.view_job",
)
DELIVERIES = (
    "jobs.view_outboxmessage",
    "jobs.view_deliveryattempt",
    "jobs.view_endpoint",
    "erasure.view_recipient",
    "erasure.view_recipientnotice",
)
MODELS = (
    "provenance.view_plan",
    "provenance.view_adapter",
    "provenance.view_checkpoint",
    "provenance.view_release",
    "provenance.view_serving",
    "provenance.view_export",
)
CATALOGUE = ("records.view_item",)
SUBJECTS = ("records.view_subject", "records.view_interaction")
PEOPLE = ("auth.view_user", "auth.view_group")
CLIENTS = ("accounts.view_apiclient",)
REPORTS = ("erasure.export_reports",)
DECIDING = (
    "erasure.add_erasurerequest",
    "erasure.decide",
    "erasure.comment",
    "erasure.view_identity",
)
KEEPING_CLIENTS = ("accounts.add_apiclient", "accounts.change_apiclient")
SENDING_AGAIN = ("jobs.change_outboxmessage",)
KEEPING_TARGETS = (
    "jobs.add_endpoint",
    "jobs.change_endpoint",
    "jobs.delete_endpoint",
    "erasure.add_recipient",
    "erasure.change_recipient",
    "erasure.delete_recipient",
)

REVIEWER = "Reviewer"
OFFICER = "Data-protection officer"
AUDITOR = "Auditor"
OPERATOR = "Operator"

# What all four see.
SEEING = frozenset({*REQUESTS, *DELIVERIES, *MODELS, *CATALOGUE})
ROLES: dict[str, frozenset[str]] = {
    REVIEWER: SEEING | {*SUBJECTS, *DECIDING},
    OFFICER: SEEING
    | {*SUBJECTS, *DECIDING, *REPORTS, *PEOPLE, *CLIENTS}
    | {*KEEPING_CLIENTS, *KEEPING_TARGETS, *SENDING_AGAIN},
    AUDITOR: SEEING | {*SUBJECTS, *REPORTS, *PEOPLE, *CLIENTS},
    OPERATOR: SEEING | {*CLIENTS, *KEEPING_CLIENTS, *SENDING_AGAIN},
}


def roles_sync(app_config: AppConfig, using: str, **signal: Any) -> None:
    """Give each role its permissions in one app. Runs after `migrate` has made them."""
    in_app = f"{app_config.label}."
    permissions = Permission.objects.using(using).filter(content_type__app_label=app_config.label)
    known = {f"{in_app}{permission.codename}": permission for permission in permissions}
    for name, wanted in ROLES.items() if known else ():
        group, _ = Group.objects.using(using).get_or_create(name=name)
        group.permissions.remove(*(known[one] for one in known.keys() - wanted))
        group.permissions.add(*(known[one] for one in known.keys() & wanted))
