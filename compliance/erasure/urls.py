from django.urls import path

from compliance.erasure.rest.batches import BatchesView, BatchView, ItemsView, StartView
from compliance.erasure.rest.comments import CommentsView
from compliance.erasure.rest.preview import ImpactView
from compliance.erasure.rest.requests import RequestsView, RequestView
from compliance.erasure.rest.review import STEP_VIEWS

ONE = "erasure-requests/<uuid:request_id>"
BATCHES = "erasure-request-batches"
BATCH = f"{BATCHES}/<uuid:batch_id>"

urlpatterns = [
    path("erasure-requests", RequestsView.as_view(), name="erasure-requests"),
    path(ONE, RequestView.as_view(), name="erasure-request"),
    path(f"{ONE}/impact", ImpactView.as_view(), name="erasure-impact"),
    path(f"{ONE}/comments", CommentsView.as_view(), name="erasure-comments"),
    *(
        path(f"{ONE}/{name}", view.as_view(), name=f"erasure-{name}")
        for name, view in STEP_VIEWS.items()
    ),
    path(BATCHES, BatchesView.as_view(), name="erasure-batches"),
    path(BATCH, BatchView.as_view(), name="erasure-batch"),
    path(f"{BATCH}/items", ItemsView.as_view(), name="erasure-batch-items"),
    path(f"{BATCH}/start", StartView.as_view(), name="erasure-batch-start"),
]
