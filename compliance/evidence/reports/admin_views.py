"""The page of reports in the admin, and the files that are taken from it."""

import uuid
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from compliance.accounts.admin_base import ReadOnlyAdmin, actor_names
from compliance.erasure.models import ErasureRequest, Refusal
from compliance.evidence.models import Report, ReportExport
from compliance.evidence.reports.chart import chart_of
from compliance.evidence.reports.exporting import Wish, case_file_export, report_export
from compliance.evidence.reports.formats import Format
from compliance.evidence.reports.monthly import Figures
from compliance.evidence.reports.periods import Month, Period, PeriodError, period_of
from compliance.evidence.reports.requests import monthly_figures

MAY_EXPORT = "erasure.export_reports"
EXPORTS_SHOWN = 10
COUNTS: dict[str, Any] = {
    "received": gettext_lazy("Received"),
    "answered": gettext_lazy("Answered"),
    "in_time": gettext_lazy("In time"),
    "late": gettext_lazy("Late"),
    "open_at_end": gettext_lazy("Open at the end"),
    "completed": gettext_lazy("Completed"),
    "partial": gettext_lazy("In part"),
    "denied": gettext_lazy("Denied"),
    "cancelled": gettext_lazy("Cancelled"),
    "expired": gettext_lazy("Expired"),
    "extensions": gettext_lazy("Extensions"),
    "pauses": gettext_lazy("Pauses"),
    "median_days": gettext_lazy("Days, median"),
    "p90_days": gettext_lazy("Days, 90 %"),
}


class PeriodForm(forms.Form):
    """Which months. What is left out is the last twelve."""

    first = forms.CharField(required=False)
    last = forms.CharField(required=False)

    def clean_first(self) -> Month | None:
        return self._month("first")

    def clean_last(self) -> Month | None:
        return self._month("last")

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if not self.errors:
            try:
                today = timezone.localdate()
                data["period"] = period_of(data["first"], data["last"], today=today)
            except PeriodError as error:
                self.add_error(error.field, str(error))
        return data

    def _month(self, name: str) -> Month | None:
        text = self.cleaned_data[name].strip()
        try:
            return Month.parse(text) if text else None
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None


class ExportForm(PeriodForm):
    """Which report to take along, and how."""

    report = forms.ChoiceField(choices=Report.choices)
    format = forms.ChoiceField(choices=[(each.value, each.value) for each in Format])
    bom = forms.BooleanField(required=False)


@admin.register(ReportExport)
class ReportsAdmin(ReadOnlyAdmin):
    """One page in the place of a list of rows: what has been taken along stands at its end."""

    def get_urls(self) -> list[URLPattern]:
        wrap, name = self.admin_site.admin_view, "evidence_reportexport"
        return [
            path("", wrap(self.changelist_view), name=f"{name}_changelist"),
            path("download/", wrap(self.download_view), name=f"{name}_download"),
            path(
                "case-file/<uuid:request_id>/", wrap(self.case_file_view), name=f"{name}_case_file"
            ),
        ]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm(MAY_EXPORT)

    @method_decorator(require_GET)
    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the monthly figures of a period, and what can be taken along."""
        self._check(request)
        form = PeriodForm(request.GET)
        period = form.cleaned_data["period"] if form.is_valid() else _last_year()
        context = self.admin_site.each_context(request) | {
            "opts": self.opts,
            "title": _("Reports on requests"),
            "form": form,
            **_page(period),
        }
        return TemplateResponse(request, "admin/reports/page.html", context)

    @method_decorator(require_POST)
    def download_view(self, request: HttpRequest) -> HttpResponseBase:
        """Hand out a report, and note that it was."""
        self._check(request)
        form = ExportForm(request.POST)
        if not form.is_valid():
            return HttpResponse(form.errors.as_text(), content_type="text/plain", status=400)
        data = form.cleaned_data
        wish = Wish(Report(data["report"]), data["period"], Format(data["format"]), data["bom"])
        return report_export(wish, actor=f"user:{request.user.pk}")

    @method_decorator(require_POST)
    def case_file_view(self, request: HttpRequest, request_id: uuid.UUID) -> HttpResponse:
        """Hand out the file of one request, and note in its history that it was."""
        self._check(request)
        erasure = get_object_or_404(ErasureRequest, pk=request_id)
        return case_file_export(
            erasure,
            Format.CSV if request.POST.get("format") == Format.CSV else Format.JSON,
            actor=f"user:{request.user.pk}",
            with_comments=request.user.has_perm("erasure.comment"),
        )

    def _check(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied


def _page(period: Period) -> dict[str, Any]:
    """Return what the page shows of a period."""
    months = monthly_figures(period)
    return {
        "period": period,
        "time_zone": timezone.get_default_timezone_name(),
        "columns": list(COUNTS.values()),
        "rows": [(str(each.month), _shown(each)) for each in months],
        "refusals": _refusals(months),
        "chart": chart_of(months),
        "reports": Report.choices,
        "exports": _exports(),
    }


def _last_year() -> Period:
    return period_of(None, None, today=timezone.localdate())


def _shown(figures: Figures) -> list[Any]:
    values = (getattr(figures, name) for name in COUNTS)
    return ["–" if value is None else value for value in values]


def _refusals(months: list[Figures]) -> list[tuple[str, int]]:
    """Return how often each article was the reason of a refusal, over all months."""
    counts = {
        Refusal(article).label: sum(each.denied_by_article.get(article, 0) for each in months)
        for article in Refusal.values
    }
    return [(str(label), count) for label, count in counts.items() if count]


def _exports() -> list[tuple[ReportExport, str]]:
    found = list(ReportExport.objects.all()[:EXPORTS_SHOWN])
    names = actor_names(each.actor for each in found)
    return [(each, names[each.actor]) for each in found]
