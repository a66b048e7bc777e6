"""The endpoints that webhooks go to. A secret is shown once, on the page that makes it."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin
from unfold.decorators import display

from compliance.jobs.addresses import AddressError, target_of
from compliance.jobs.endpoints import endpoint_create, endpoint_renew_secret, endpoint_update
from compliance.jobs.models import Endpoint

FOLDER = "admin/jobs/endpoint"


class EndpointForm(ModelForm):
    """An address is saved only if webhooks may go there."""

    class Meta:
        model = Endpoint
        fields = ["name", "url", "all_changes", "is_active"]

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        if "url" not in self.changed_data:
            return url
        try:
            target_of(url)
        except AddressError as error:
            raise forms.ValidationError(str(error)) from None
        return url


@admin.register(Endpoint)
class EndpointAdmin(ModelAdmin):
    """Who is called. One that has been used is switched off rather than removed."""

    form = EndpointForm
    list_display = ["name", "url", "standing", "all_changes"]
    list_filter_submit = True
    readonly_fields = ["created_at"]
    change_form_outer_before_template = f"{FOLDER}/renew_link.html"
    empty_text = gettext_lazy("No endpoint is called yet. Add one to hear of requests by webhook.")

    @display(
        description=gettext_lazy("Standing"),
        label={"active": "success", "off": "warning"},
    )
    def standing(self, endpoint: Endpoint) -> tuple[str, str]:
        return ("active", _("Active")) if endpoint.is_active else ("off", _("Switched off"))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.renew_view)
        return [path("<int:pk>/secret/", view, name="jobs_endpoint_renew"), *super().get_urls()]

    def save_model(
        self, request: HttpRequest, obj: Endpoint, form: EndpointForm, change: bool
    ) -> None:
        if change:
            endpoint_update(endpoint=Endpoint.objects.get(pk=obj.pk), **form.cleaned_data)
        else:
            obj.pk = endpoint_create(**form.cleaned_data)[0].pk

    def response_post_save_add(self, request: HttpRequest, obj: Endpoint) -> HttpResponse:
        """Go on to the page that makes and shows a secret: the first has been seen by nobody."""
        return redirect("admin:jobs_endpoint_renew", obj.pk)

    def renew_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask, and on POST give the endpoint another secret and show it."""
        if not request.user.has_perm("jobs.change_endpoint"):
            raise PermissionDenied
        endpoint = get_object_or_404(Endpoint, pk=pk)
        if request.method == "POST":
            secret = endpoint_renew_secret(endpoint=endpoint)
            self.log_change(request, endpoint, "New secret.")
            return self._shown(request, endpoint, secret)
        context = self._context(request, endpoint, _("New secret for %s") % endpoint)
        return TemplateResponse(request, f"{FOLDER}/renew.html", context)

    def _shown(self, request: HttpRequest, endpoint: Endpoint, secret: str) -> HttpResponse:
        title = _("Secret of %s") % endpoint
        context = self._context(request, endpoint, title) | {"secret": secret}
        return TemplateResponse(request, f"{FOLDER}/secret.html", context)

    def _context(self, request: HttpRequest, endpoint: Endpoint, title: str) -> dict[str, Any]:
        return self.admin_site.each_context(request) | {
            "opts": self.opts,
            "original": endpoint,
            "title": title,
        }
