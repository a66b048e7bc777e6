"""Users, groups and API clients."""

from datetime import datetime

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from compliance.accounts.admin_clients import ClientViews
from compliance.accounts.models import ApiClient
from compliance.accounts.scopes import Scope

admin.site.unregister(User)
admin.site.unregister(Group)


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):
    """People who log in here. What they may do comes from their groups."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["username", "roles", "is_active", "is_superuser", "last_login"]
    list_filter_submit = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups")

    @display(description=gettext_lazy("Roles"))
    def roles(self, user: User) -> str:
        return ", ".join(group.name for group in user.groups.all()) or _("none")


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin):
    """Groups. The four roles are set anew by every migration."""


@admin.register(ApiClient)
class ApiClientAdmin(ClientViews):
    """Machines that call the API. A key is shown once, where it is made, and never here."""

    list_display = ["name", "coloured_standing", "scope_names", "last_used_at", "expires_at"]
    search_fields = ["name"]
    search_help_text = gettext_lazy("Name of the client")
    empty_text = gettext_lazy("No machine may call the API yet. Make a client with “New client”.")
    fields = [
        "name",
        "standing",
        "scope_names",
        "limit",
        "created_at",
        "expires_at",
        "last_used_at",
        "old_key",
    ]
    readonly_fields = ["standing", "scope_names", "limit", "old_key"]
    list_before_template = "admin/accounts/apiclient/new_link.html"
    change_form_outer_before_template = "admin/accounts/apiclient/buttons.html"

    @display(description=gettext_lazy("Standing"))
    def standing(self, client: ApiClient) -> str:
        if client.revoked_at:
            return _("Revoked")
        return _("Usable") if client.is_usable else _("Expired")

    @display(description=gettext_lazy("Standing"), label={"usable": "success", "not": "danger"})
    def coloured_standing(self, client: ApiClient) -> tuple[str, str]:
        return "usable" if client.is_usable else "not", self.standing(client)

    @display(description=gettext_lazy("May"))
    def scope_names(self, client: ApiClient) -> str:
        return ", ".join(str(Scope(scope).label) for scope in client.scopes) or _("nothing")

    @display(description=gettext_lazy("Calls a minute"))
    def limit(self, client: ApiClient) -> int:
        return client.calls_per_minute or settings.API_CALLS_PER_MINUTE

    @display(description=gettext_lazy("Old key"))
    def old_key(self, client: ApiClient) -> str:
        """Say until when the key before the last rotation opens, and whether it is still used."""
        if client.former_ends_at is None or client.former_ends_at <= timezone.now():
            return _("Opens nothing.")
        until = {"until": _moment(client.former_ends_at)}
        if client.former_used_at is None:
            return _("Opens until %(until)s. Not used since the rotation.") % until
        used = {"used": _moment(client.former_used_at)}
        return _("Opens until %(until)s. Last used on %(used)s.") % (until | used)


def _moment(at: datetime) -> str:
    return date_format(timezone.localtime(at), "DATETIME_FORMAT")
