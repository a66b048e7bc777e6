from django.urls import path

from compliance.erasure.rest.bulk import BulkView
from compliance.erasure.rest.comments import CommentsView
from compliance.erasure.rest.preview import ImpactView
from compliance.erasure.rest.requests import RequestsView, RequestView
from compliance.erasure.rest.review import STEP_VIEWS

ONE = "erasure-requests/<uuid:request_id>"

urlpatterns = [
    path("erasure-requests", RequestsView.as_view(), name="erasure-requests"),
    path("erasure-requests/bulk", BulkView.as_view(), name="erasure-bulk"),
    path(ONE, RequestView.as_view(), name="erasure-request"),
    path(f"{ONE}/impact", ImpactView.as_view(), name="erasure-impact"),
    path(f"{ONE}/comments", CommentsView.as_view(), name="erasure-comments"),
    *(
        path(f"{ONE}/{name}", view.as_view(), name=f"erasure-{name}")
        for name, view in STEP_VIEWS.items()
    ),
]
