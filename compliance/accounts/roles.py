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
    "evidence.view_certificate",
    "jobs.view_job",
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
DECIDING = ("erasure.add_erasurerequest", "erasure.decide", "erasure.view_identity")

REVIEWER = "Reviewer"
OFFICER = "Data-protection officer"
AUDITOR = "Auditor"
OPERATOR = "Operator"

ROLES: dict[str, frozenset[str]] = {
    REVIEWER: frozenset({*REQUESTS, *MODELS, *CATALOGUE, *SUBJECTS, *DECIDING}),
    OFFICER: frozenset({*REQUESTS, *MODELS, *CATALOGUE, *SUBJECTS, *DECIDING, *PEOPLE, *CLIENTS}),
    AUDITOR: frozenset({*REQUESTS, *MODELS, *CATALOGUE, *SUBJECTS, *PEOPLE, *CLIENTS}),
    OPERATOR: frozenset({*REQUESTS, *MODELS, *CATALOGUE, *CLIENTS, "accounts.change_apiclient"}),
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
