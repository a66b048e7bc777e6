from django.urls import path

from compliance.erasure.views import RequestsView, RequestView

urlpatterns = [
    path("erasure-requests", RequestsView.as_view(), name="erasure-requests"),
    path("erasure-requests/<uuid:request_id>", RequestView.as_view(), name="erasure-request"),
]
