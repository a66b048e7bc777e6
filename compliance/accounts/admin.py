"""Users, groups and API clients."""

from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from compliance.accounts.admin_base import ReadOnlyAdmin
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

    @display(description="Roles")
    def roles(self, user: User) -> str:
        return ", ".join(user.groups.values_list("name", flat=True)) or "none"


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin):
    """Groups. The four roles are set anew by every migration."""


@admin.register(ApiClient)
class ApiClientAdmin(ReadOnlyAdmin):
    """Machines that call the API. A key is shown once, where it is made, and never here."""

    list_display = ["name", "standing", "scope_names", "last_used_at", "expires_at"]
    search_fields = ["name"]
    search_help_text = "Name of the client"
    empty_text = "No machine may call the API yet. Make a client with manage.py create_api_client."
    fields = ["name", "standing", "scope_names", "created_at", "expires_at", "last_used_at"]
    readonly_fields = ["standing", "scope_names"]
    change_form_outer_before_template = "admin/accounts/apiclient/revoke_link.html"

    @display(description="Standing", label={"Usable": "success", "Revoked": "danger"})
    def standing(self, client: ApiClient) -> str:
        if client.revoked_at:
            return "Revoked"
        expired = client.expires_at and client.expires_at <= timezone.now()
        return "Expired" if expired else "Usable"

    @display(description="May")
    def scope_names(self, client: ApiClient) -> str:
        return ", ".join(Scope(scope).label for scope in client.scopes) or "nothing"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.revoke_view)
        return [
            path("<int:pk>/revoke/", view, name="accounts_apiclient_revoke"),
            *super().get_urls(),
        ]

    def revoke_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask, and on POST take the client's key out of use for good."""
        if not request.user.has_perm("accounts.change_apiclient"):
            raise PermissionDenied
        client = get_object_or_404(ApiClient, pk=pk)
        if request.method == "POST":
            ApiClient.objects.filter(pk=pk, revoked_at=None).update(revoked_at=timezone.now())
            self.log_change(request, client, "Revoked.")
            messages.success(request, f"The key of {client} is revoked: it opens nothing any more.")
            return redirect("admin:accounts_apiclient_change", pk)
        context = self.admin_site.each_context(request) | {
            "opts": self.opts,
            "original": client,
            "title": f"Revoke {client}",
        }
        return TemplateResponse(request, "admin/accounts/apiclient/revoke.html", context)
