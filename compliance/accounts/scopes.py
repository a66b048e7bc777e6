"""The one registry of what an API client may be allowed to do, and of who may allow it."""

from collections.abc import Iterable
from typing import Protocol

from django.db import models
from django.utils.translation import gettext_lazy as _


class Scope(models.TextChoices):
    """A permission of an API client; the value is what stands in keys and in the API's errors."""

    RECOMMENDATIONS_READ = "recommendations:read", _("Ask for recommendations")
    ERASURE_CREATE = "erasure:create", _("File erasure requests")
    ERASURE_READ = "erasure:read", _("Read erasure requests and certificates")
    ERASURE_ASSERT = "erasure:assert-identity", _("Vouch for the identity of a subject")
    ERASURE_DECIDE = "erasure:decide", _("Review and decide erasure requests")
    ERASURE_CANCEL = "erasure:cancel", _("Cancel erasure requests")
    SUBJECTS_WRITE = "subjects:write", _("Supply subjects' addresses and languages")
    INTERACTIONS_WRITE = "interactions:write", _("Send interactions")
    REPORTS_READ = "reports:read", _("Read reports on requests")
    OPENDSR = "opendsr", _("Send requests by OpenDSR")
    DELIVERIES_WRITE = "deliveries:write", _("Send messages again")


# Who makes a key can use it. So nobody hands out by a key what is not theirs to do.
GRANTED_BY: dict[Scope, str] = {
    Scope.ERASURE_READ: "erasure.view_erasurerequest",
    Scope.ERASURE_ASSERT: "erasure.decide",
    Scope.ERASURE_DECIDE: "erasure.decide",
    Scope.ERASURE_CANCEL: "erasure.decide",
    Scope.REPORTS_READ: "erasure.export_reports",
    Scope.OPENDSR: "erasure.decide",
    Scope.DELIVERIES_WRITE: "jobs.change_outboxmessage",
}


class Granter(Protocol):
    """Who hands out scopes: a user."""

    def has_perm(self, perm: str, /) -> bool: ...


def scopes_grantable(user: Granter) -> list[Scope]:
    """Return the scopes that `user` may give to a client."""
    return [scope for scope in Scope if _may_grant(user, scope)]


def scopes_beyond(user: Granter, scopes: Iterable[str]) -> list[Scope]:
    """Return those of `scopes` that `user` may not give, and whose keys are not theirs to see."""
    return [scope for scope in map(Scope, scopes) if not _may_grant(user, scope)]


def _may_grant(user: Granter, scope: Scope) -> bool:
    return scope not in GRANTED_BY or user.has_perm(GRANTED_BY[scope])
