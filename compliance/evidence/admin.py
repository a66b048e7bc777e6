"""Certificates: to look at, to hand out as issued, to check."""

from pathlib import Path

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST
from unfold.decorators import display

from compliance.accounts.admin_base import ReadOnlyAdmin, digest_code, pretty_json, short_digest
from compliance.evidence.keys import PUBLIC_NAME, KeyFileError, load_public, public_pem
from compliance.evidence.models import Certificate
from compliance.evidence.reports.admin_views import ReportsAdmin
from compliance.evidence.verifier import Check, load_json, parse_envelope, verify

__all__ = ["CertificateAdmin", "ReportsAdmin"]


@admin.register(Certificate)
class CertificateAdmin(ReadOnlyAdmin):
    """What was issued, byte for byte."""

    list_display = ["number", "about", "short", "issued_at"]
    list_select_related = ["request"]
    empty_text = gettext_lazy("No certificate yet. One is signed at the end of each erasure.")
    fields = ["id", "about", "issued_at", "whole_digest", "key_id", "statement"]
    readonly_fields = ["id", "about", "whole_digest", "statement"]
    change_form_outer_before_template = "admin/evidence/certificate/links.html"

    @display(description=gettext_lazy("Certificate"))
    def number(self, certificate: Certificate) -> str:
        return str(certificate.pk)[:8]

    @display(description=gettext_lazy("Request"))
    def about(self, certificate: Certificate) -> SafeString:
        url = reverse("admin:erasure_erasurerequest_change", args=[certificate.request_id])
        link = '<a class="text-link underline" href="{}">{}</a>'
        return format_html(link, url, certificate.request_id)

    @display(description=gettext_lazy("Digest"))
    def short(self, certificate: Certificate) -> str:
        return short_digest(certificate.digest)

    @display(description=gettext_lazy("Digest"))
    def whole_digest(self, certificate: Certificate) -> SafeString | str:
        return digest_code(certificate.digest)

    @display(description=gettext_lazy("What it says"))
    def statement(self, certificate: Certificate) -> SafeString:
        return pretty_json(load_json(parse_envelope(bytes(certificate.envelope)).payload))

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        name = "evidence_certificate"
        return [
            path("<uuid:pk>/download/", wrap(self.download_view), name=f"{name}_download"),
            path("<uuid:pk>/verify/", wrap(self.verify_view), name=f"{name}_verify"),
            *super().get_urls(),
        ]

    @method_decorator(require_GET)
    def download_view(self, request: HttpRequest, pk: object) -> HttpResponse:
        """Answer with the exact bytes as issued."""
        certificate = self._certificate(request, pk)
        response = HttpResponse(bytes(certificate.envelope), content_type="application/json")
        response["Content-Disposition"] = f'attachment; filename="certificate-{pk}.json"'
        return response

    @method_decorator(require_POST)
    def verify_view(self, request: HttpRequest, pk: object) -> HttpResponse:
        """Run the offline verifier on the stored bytes and show every check."""
        certificate = self._certificate(request, pk)
        checks = _checks(certificate)
        context = self.admin_site.each_context(request) | {
            "opts": self.opts,
            "original": certificate,
            "title": _("Verification"),
            "checks": checks,
            "passed": all(check.passed for check in checks),
            "key_name": PUBLIC_NAME,
        }
        return TemplateResponse(request, "admin/evidence/certificate/verified.html", context)

    def _certificate(self, request: HttpRequest, pk: object) -> Certificate:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return get_object_or_404(Certificate, pk=pk)


def _checks(certificate: Certificate) -> list[Check]:
    try:
        key = load_public(Path(settings.KEYS_DIR))
    except KeyFileError as error:
        return [Check("key", False, str(error))]
    return verify(bytes(certificate.envelope), public_pem(key))
