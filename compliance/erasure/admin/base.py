"""What the views of the review share."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from compliance.accounts.admin_base import ReadOnlyAdmin
from compliance.erasure.admin.history import history
from compliance.erasure.admin.steps import Step
from compliance.erasure.models import ErasureRequest

CHANGE = "admin:erasure_erasurerequest_change"
QUEUE = "admin:erasure_erasurerequest_changelist"
FOLDER = "admin/erasure/erasurerequest"
OTHER_KEY = gettext_lazy(
    "The identifier was encrypted with another identity key. Restore that key first."
)


class ReviewAdmin(ReadOnlyAdmin):
    """Views that only read, or ask and call a service on POST."""

    def _context(self, request: HttpRequest, **values: Any) -> dict[str, Any]:
        return self.admin_site.each_context(request) | {"opts": self.opts} | values

    def _check(self, request: HttpRequest, *permissions: str) -> None:
        if not request.user.has_perms(permissions):
            raise PermissionDenied


def actor_of(request: HttpRequest) -> str:
    return f"user:{request.user.pk}"


def too_late(erasure: ErasureRequest, step: Step) -> str:
    """Tell a reviewer who came second what has happened, and who did it."""
    last = history(erasure)[-1]
    return _(
        "“%(step)s” is not possible any more: the last step was “%(what)s” by %(who)s, %(ago)s "
        "ago. Your step changed nothing."
    ) % {
        "step": step.title,
        "what": last.what,
        "who": last.who,
        "ago": timesince(last.at, timezone.now()),
    }
