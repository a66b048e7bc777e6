from django.urls import path

from compliance.opendsr.views import (
    CertificateView,
    DiscoveryView,
    NothingView,
    RequestsView,
    RequestView,
)

urlpatterns = [
    path("v2/discovery", DiscoveryView.as_view(), name="opendsr-discovery"),
    path("v2/certificate", CertificateView.as_view(), name="opendsr-certificate"),
    path("v2/requests", RequestsView.as_view(), name="opendsr-requests"),
    path("v2/requests/<uuid:request_id>", RequestView.as_view(), name="opendsr-request"),
    path("<path:nothing>", NothingView.as_view(), name="opendsr-nothing"),
]
