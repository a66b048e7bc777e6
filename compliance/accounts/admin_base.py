"""What the admin pages of all apps share: read-only rows, names of actors, ways to show values."""

import json
from collections.abc import Iterable
from typing import Any

from django.contrib.admin.views.main import ERROR_FLAG
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from unfold.admin import ModelAdmin, TabularInline

from compliance.accounts.models import ApiClient

DIGEST_SHOWN = len("sha256:") + 12


class ReadOnlyMixin:
    """Rows to look at: services write them, nobody edits them by hand."""

    actions: list[str] | None = None

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ReadOnlyAdmin(ReadOnlyMixin, ModelAdmin):
    """Pages of rows that nobody edits by hand. `empty_text` says how the first row comes about."""

    list_filter_submit = True
    empty_text: str | Promise = ""

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Answer a filter by what no column can hold as Django answers an unknown one."""
        if any("\0" in value for value in request.GET.values()):
            return redirect(f"{request.path}?{ERROR_FLAG}=1")
        return super().changelist_view(request, extra_context)


class PageAdmin(ReadOnlyAdmin):
    """Rows each of which is shown on a page of our own, in place of Django's form."""

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return self._page(request, row)

    def _page(self, request: HttpRequest, row: Any) -> HttpResponse:
        """Return the page of one row."""
        raise NotImplementedError


class ReadOnlyInline(ReadOnlyMixin, TabularInline):
    """A table of rows that nobody edits by hand, on another row's page."""

    extra = 0


def actor_names(actors: Iterable[str]) -> dict[str, str]:
    """Return the name to show for each actor, such as `user:3`; unknown ones show as they are."""
    actors = set(actors)
    names = {actor: actor for actor in actors}
    people = get_user_model().objects.in_bulk(_numbers(actors, "user"))
    clients = ApiClient.objects.in_bulk(_numbers(actors, "client"))
    names |= {f"user:{pk}": user.get_username() for pk, user in people.items()}
    names |= {f"client:{pk}": f"{client.name} (API)" for pk, client in clients.items()}
    names |= {actor: actor.partition(":")[2] for actor in actors if actor.startswith("system:")}
    return names


def _numbers(actors: Iterable[str], kind: str) -> list[int]:
    parts = [actor.partition(":") for actor in actors]
    return [int(number) for found, _, number in parts if found == kind and number.isdigit()]


def short_digest(digest: str) -> str:
    """Return the beginning of a digest, enough to tell two apart at a glance."""
    return f"{digest[:DIGEST_SHOWN]}…" if digest else _("none")


def digest_code(digest: str) -> SafeString | str:
    """Return a whole digest, set so that it can be compared and may wrap."""
    return format_html('<code class="break-words">{}</code>', digest) if digest else _("none")


def pretty_json(value: Any) -> SafeString:
    """Return `value` as indented JSON that scrolls sideways where it is too wide."""
    text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)
    return format_html(
        '<pre tabindex="0" class="bg-base-50 border border-base-200 max-w-4xl overflow-x-auto p-3 '
        'rounded-default text-xs dark:bg-base-800 dark:border-base-700">{}</pre>',
        text,
    )
