"""The web addresses."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView

from compliance.health import healthz

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
    path("api/v1/", include("compliance.api_urls")),
    path("opendsr/", include("compliance.opendsr.urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("", include("compliance.portal.urls")),
    path("healthz", healthz, name="healthz"),
]

handler400 = "compliance.error_pages.bad_request"
handler403 = "compliance.error_pages.permission_denied"
handler404 = "compliance.error_pages.not_found"
handler500 = "compliance.error_pages.server_error"
