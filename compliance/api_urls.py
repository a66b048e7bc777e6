"""The REST API, version 1."""

from django.urls import include, path

urlpatterns = [
    path("", include("compliance.recommendations.urls")),
    path("", include("compliance.records.urls")),
    path("", include("compliance.erasure.urls")),
    path("", include("compliance.evidence.urls")),
    path("", include("compliance.jobs.urls")),
]
