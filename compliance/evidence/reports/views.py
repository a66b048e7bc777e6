"""The API of reports."""

import uuid
from typing import Any

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request

from compliance.accounts.api import ApiView, asked, client_of
from compliance.accounts.openapi import ALWAYS, problems
from compliance.accounts.scopes import Scope
from compliance.erasure.models import ErasureRequest
from compliance.evidence.models import Report
from compliance.evidence.reports.exporting import Wish, case_file_export, report_export
from compliance.evidence.reports.formats import Format
from compliance.evidence.reports.serializers import (
    FormatSerializer,
    MonthlyReportSerializer,
    PeriodSerializer,
    RequestsReportSerializer,
)

NOTED = "That it was read, by which client and when, is kept.\n\nNeeds the scope `reports:read`."
AS_CSV = OpenApiResponse(OpenApiTypes.STR, "RFC 4180 with a header line.")


class CsvRenderer(JSONRenderer):
    """Lets a client ask for CSV by its media type; errors are JSON all the same."""

    media_type = "text/csv"
    format = "csv"


class Negotiation(DefaultContentNegotiation):
    """Answers 400 to a `format` that there is not; `Accept` answers 406."""

    def filter_renderers(self, renderers: Any, format: str) -> list[BaseRenderer]:
        try:
            return super().filter_renderers(renderers, format)
        except Http404:
            raise ValidationError({"format": ["Must be csv or json."]}) from None


class ReportView(ApiView):
    """A report, as JSON or CSV."""

    scopes = {"GET": Scope.REPORTS_READ, "HEAD": Scope.REPORTS_READ}
    renderer_classes = [JSONRenderer, CsvRenderer]
    content_negotiation_class = Negotiation

    def export(self, request: Request, report: Report) -> HttpResponseBase:
        values = asked(PeriodSerializer, request)
        wish = Wish(report, values["period"], _format(request), values["bom"] == "true")
        if request.method == "HEAD":
            return HttpResponse(content_type=request.accepted_renderer.media_type)
        return report_export(wish, actor=_actor(request))


class RequestsReportView(ReportView):
    @extend_schema(
        operation_id="report_requests",
        summary="List requests for a report",
        description=(
            "Those whose clock began in the period, in that order, all at once: the answer is "
            f"written while it is read. Nobody is named.\n\n{NOTED}"
        ),
        parameters=[PeriodSerializer],
        responses={
            (200, "application/json"): RequestsReportSerializer,
            (200, "text/csv"): AS_CSV,
            **problems(400, *ALWAYS),
        },
    )
    def get(self, request: Request) -> HttpResponseBase:
        return self.export(request, Report.REQUESTS)


class MonthlyReportView(ReportView):
    @extend_schema(
        operation_id="report_monthly",
        summary="Monthly figures on requests",
        description=(
            "Months are calendar months in the controller's time zone. A request is received when "
            f"its clock begins, and answered when it is completed or denied.\n\n{NOTED}"
        ),
        parameters=[PeriodSerializer],
        responses={
            (200, "application/json"): MonthlyReportSerializer,
            (200, "text/csv"): AS_CSV,
            **problems(400, *ALWAYS),
        },
    )
    def get(self, request: Request) -> HttpResponseBase:
        return self.export(request, Report.MONTHLY)


class CaseFileView(ReportView):
    @extend_schema(
        operation_id="erasure_case_file",
        summary="The case file of an erasure request",
        description=(
            "Everything that is held about the request but whom it is about, in order. As CSV it "
            "is one line for each thing that is said. Comments are null unless the key has the "
            "scope `erasure:decide` too. That the file was taken stands in the request's "
            "history.\n\nNeeds the scope `reports:read`."
        ),
        parameters=[FormatSerializer],
        responses={
            (200, "application/json"): OpenApiTypes.OBJECT,
            (200, "text/csv"): AS_CSV,
            **problems(400, 404, *ALWAYS, s404="There is no such request."),
        },
    )
    def get(self, request: Request, request_id: uuid.UUID) -> HttpResponseBase:
        values = asked(FormatSerializer, request)
        erasure = ErasureRequest.objects.filter(pk=request_id).first()
        if erasure is None:
            raise Http404("There is no erasure request with this id.")
        if request.method == "HEAD":
            return HttpResponse(content_type=request.accepted_renderer.media_type)
        return case_file_export(
            erasure,
            _format(request),
            actor=_actor(request),
            with_comments=Scope.ERASURE_DECIDE.value in client_of(request).scopes,
            bom=values["bom"] == "true",
        )


def _format(request: Request) -> Format:
    return Format(request.accepted_renderer.format)


def _actor(request: Request) -> str:
    return f"client:{client_of(request).pk}"
