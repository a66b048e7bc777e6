from django.urls import path

from compliance.evidence.reports.views import CaseFileView, MonthlyReportView, RequestsReportView
from compliance.evidence.views import CertificateView

urlpatterns = [
    path(
        "erasure-requests/<uuid:request_id>/certificate",
        CertificateView.as_view(),
        name="erasure-certificate",
    ),
    path(
        "erasure-requests/<uuid:request_id>/case-file",
        CaseFileView.as_view(),
        name="erasure-case-file",
    ),
    path("reports/requests", RequestsReportView.as_view(), name="report-requests"),
    path("reports/monthly", MonthlyReportView.as_view(), name="report-monthly"),
]
