"""The pages of API clients: a new one, what it may do, a new key, no key any more."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _

from compliance.accounts.admin_base import ReadOnlyAdmin
from compliance.accounts.admin_client_forms import ClientForm, NewClientForm, RotateForm
from compliance.accounts.models import ApiClient
from compliance.accounts.scopes import scopes_beyond
from compliance.accounts.services import (
    ClientRefusedError,
    client_change,
    client_create,
    client_revoke,
    client_rotate,
)

ADD, CHANGE = "accounts.add_apiclient", "accounts.change_apiclient"
PAGE = "admin:accounts_apiclient_change"
FOLDER = "admin/accounts/apiclient"


class ClientViews(ReadOnlyAdmin):
    """Views that ask, and call a service on POST. A key is in the answer to one POST only."""

    def get_urls(self) -> list[URLPattern]:
        name, wrap = "accounts_apiclient", self.admin_site.admin_view
        return [
            path("new/", wrap(self.new_view), name=f"{name}_new"),
            path("<int:pk>/edit/", wrap(self.edit_view), name=f"{name}_edit"),
            path("<int:pk>/rotate/", wrap(self.rotate_view), name=f"{name}_rotate"),
            path("<int:pk>/revoke/", wrap(self.revoke_view), name=f"{name}_revoke"),
            *super().get_urls(),
        ]

    def new_view(self, request: HttpRequest) -> HttpResponse:
        """Make a client, and show its key."""
        _check(request, ADD)
        form = NewClientForm(_sent(request), user=request.user)
        if request.method == "POST" and form.is_valid():
            name = form.cleaned_data["name"]
            if made := self._done(request, client_create, name=name, **form.values()):
                self.log_addition(request, made[0], "Made.")
                return self._show(request, *made)
        return self._ask(request, "new", _("New API client"), form=form, button_variant="primary")

    def edit_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Change what a client may do, how often and until when."""
        client = self._client(request, pk)
        form = ClientForm(_sent(request), user=request.user, client=client)
        if request.method == "POST" and form.is_valid():
            if self._done(request, client_change, client_id=pk, **form.values()):
                self.log_change(request, client, f"May: {', '.join(form.values()['scopes'])}.")
                messages.success(request, _("Saved. It holds from the next call on."))
            return redirect(PAGE, pk)
        title = _("Change %(client)s") % {"client": client}
        return self._ask(
            request, "edit", title, form=form, original=client, button_variant="primary"
        )

    def rotate_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Give a client a new key, and show it."""
        client = self._client(request, pk)
        if beyond := scopes_beyond(request.user, client.scopes):
            messages.error(request, _beyond(beyond))
            return redirect(PAGE, pk)
        form = RotateForm(_sent(request), initial={"rotations": client.rotations})
        if request.method == "POST" and form.is_valid():
            done = self._done(
                request,
                client_rotate,
                client_id=pk,
                overlap=timedelta(hours=form.cleaned_data["overlap"]),
                rotations=form.cleaned_data["rotations"],
            )
            if not done:
                return redirect(PAGE, pk)
            self.log_change(request, client, "Rotated.")
            return self._show(request, *done)
        title = _("New key for %(client)s") % {"client": client}
        return self._ask(request, "rotate", title, form=form, original=client)

    def revoke_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask, and on POST take the client's keys out of use for good."""
        client = self._client(request, pk)
        if request.method == "POST":
            client_revoke(client_id=pk)
            self.log_change(request, client, "Revoked.")
            messages.success(
                request,
                _("The key of %(client)s is revoked: it opens nothing any more.")
                % {"client": client},
            )
            return redirect(PAGE, pk)
        title = _("Revoke %(client)s") % {"client": client}
        return self._ask(request, "revoke", title, original=client)

    def _client(self, request: HttpRequest, pk: int) -> ApiClient:
        _check(request, CHANGE)
        return get_object_or_404(ApiClient, pk=pk)

    def _done(self, request: HttpRequest, service: Any, **values: Any) -> Any:
        """Call the service, or say why it refused and return None."""
        try:
            return service(**values)
        except ClientRefusedError as error:
            messages.error(request, str(error))
            return None

    def _ask(self, request: HttpRequest, name: str, title: str, **context: Any) -> TemplateResponse:
        context |= {"opts": self.opts, "title": title}
        context = self.admin_site.each_context(request) | context
        return TemplateResponse(request, f"{FOLDER}/{name}.html", context)

    def _show(self, request: HttpRequest, client: ApiClient, key: str) -> HttpResponse:
        """Show a key in this one answer: in no cookie, no session, no address and no cache."""
        title = _("Key of %(client)s") % {"client": client}
        return self._ask(request, "key", title, original=client, key=key)


def _check(request: HttpRequest, permission: str) -> None:
    if not request.user.has_perm(permission):
        raise PermissionDenied


def _sent(request: HttpRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def _beyond(scopes: list[Any]) -> str:
    return _(
        "This client may do what you may not (%(scopes)s), so its key is not for you to see. Ask "
        "somebody with that right to rotate it. You can revoke it."
    ) % {"scopes": ", ".join(scope.value for scope in scopes)}
