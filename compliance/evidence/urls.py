from django.urls import path

from compliance.evidence.views import CertificateView

urlpatterns = [
    path(
        "erasure-requests/<uuid:request_id>/certificate",
        CertificateView.as_view(),
        name="erasure-certificate",
    ),
]
