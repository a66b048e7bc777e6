"""The four roles after a migration."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command

from compliance.accounts.roles import AUDITOR, OFFICER, OPERATOR, REVIEWER, ROLES
from compliance.accounts.scopes import GRANTED_BY, Scope

pytestmark = pytest.mark.django_db


def named(permissions) -> set[str]:
    pairs = permissions.values_list("content_type__app_label", "codename")
    return {f"{app}.{codename}" for app, codename in pairs}


@pytest.mark.parametrize("role", ROLES)
def test_a_role_holds_what_the_table_says(role: str) -> None:
    known = named(Permission.objects.all())
    assert named(Group.objects.get(name=role).permissions) == ROLES[role] & known


def test_migrating_takes_away_what_was_added_by_hand() -> None:
    group = Group.objects.get(name=AUDITOR)
    group.permissions.add(Permission.objects.get(codename="decide"))
    call_command("migrate", database="default", verbosity=0)
    assert "erasure.decide" not in named(group.permissions)


def test_the_auditor_changes_nothing() -> None:
    codenames = {one.partition(".")[2] for one in ROLES[AUDITOR]}
    assert {one for one in codenames if not one.startswith("view_")} == {"export_reports"}
    assert "erasure.view_identity" not in ROLES[AUDITOR]


def test_the_operator_neither_decides_nor_sees_subjects() -> None:
    assert not ROLES[OPERATOR] & {
        "erasure.decide",
        "erasure.view_identity",
        "records.view_subject",
        "records.view_interaction",
    }


def test_only_reviewer_and_officer_decide_and_see_identities() -> None:
    for permission in ("erasure.decide", "erasure.view_identity", "erasure.add_erasurerequest"):
        assert {name for name in ROLES if permission in ROLES[name]} == {REVIEWER, OFFICER}


def test_each_scope_that_needs_a_right_can_be_given_by_some_role() -> None:
    rights = frozenset().union(*ROLES.values())
    assert set(GRANTED_BY.values()) <= rights
    assert {Scope.ERASURE_DECIDE, Scope.ERASURE_ASSERT, Scope.OPENDSR} <= set(GRANTED_BY)
