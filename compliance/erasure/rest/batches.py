"""The same step with many requests: chosen, looked at, started, and done by a worker."""

import uuid
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.accounts.api import ApiView, asked, client_of, validated
from compliance.accounts.openapi import ALWAYS, WITH_BODY, problems
from compliance.accounts.paging import CreationPagination, NumberPagination
from compliance.accounts.scopes import Scope
from compliance.erasure.batch_figures import results_counted
from compliance.erasure.batch_filing import BatchFiling, OtherBatchError, batch_file
from compliance.erasure.batches import (
    BatchError,
    TooManyError,
    UnknownRequestsError,
    batch_start,
)
from compliance.erasure.models import MAX_ITEMS, Batch, BatchAction, BatchItem
from compliance.erasure.rest.batch_bodies import (
    BatchListSerializer,
    ItemListSerializer,
    NewBatchSerializer,
)
from compliance.erasure.rest.batch_showing import (
    BatchDetailSerializer,
    BatchSerializer,
    ItemSerializer,
)
from compliance.erasure.rest.step_bodies import NothingSerializer
from compliance.erasure.selectors import requests_listed

READERS = (Scope.ERASURE_DECIDE, Scope.ERASURE_READ)
READS = (
    "With the scope `erasure:read` those of all API clients can be read, with `erasure:decide` "
    "alone your own. Reviewers' batches are shown in the admin."
)
UNKNOWN = "There is no batch with this id, or it is not yours to read."
REFUSE = OpenApiExample(
    "Refuse those that nobody could identify",
    value={
        "action": "deny",
        "filter": {"state": "awaiting_identity", "due_to": "2026-12-01"},
        "arguments": {"article": "11(2)", "text": "We could not find out who you are."},
        "id": "7d1f1d5e-3c55-4c8b-9d2e-6f1d6b1f0a21",
    },
    request_only=True,
)
APPROVE = OpenApiExample(
    "Look at approvals",
    value={"action": "approve", "ids": ["0b5e4f0e-7a0c-4f0e-9a51-5a3a1f8f3c11"]},
    request_only=True,
)


class BatchAccess(ApiView):
    """A client reads its own batches, and with `erasure:read` those of all clients."""

    http_method_names = ["get", "post", "head"]

    def seen(self) -> QuerySet[Batch]:
        """Return the batches that the caller may read."""
        if Scope.ERASURE_READ.value in client_of(self.request).scopes:
            return Batch.objects.filter(actor__startswith="client:")
        return Batch.objects.filter(actor=self.actor)

    def seen_one(self, batch_id: uuid.UUID) -> Batch:
        """Return one of them, or raise the 404."""
        batch = self.seen().filter(pk=batch_id).first()
        if batch is None:
            raise Http404(UNKNOWN)
        return batch

    @property
    def actor(self) -> str:
        return f"client:{client_of(self.request).pk}"

    @property
    def context(self) -> dict[str, Any]:
        """Return what the serializers have to know of the caller."""
        may_weigh = Scope.ERASURE_DECIDE.value in client_of(self.request).scopes
        return {"request": self.request, "actor": self.actor, "may_weigh": may_weigh}

    def shown(self, batch: Batch) -> Any:
        return BatchDetailSerializer(batch, context=self.context).data


class BatchesView(BatchAccess, GenericAPIView[Batch]):
    scopes = {"POST": Scope.ERASURE_DECIDE, "GET": READERS, "HEAD": READERS}
    conflicts = (OtherBatchError,)
    pagination_class = CreationPagination
    serializer_class = BatchSerializer
    queryset = Batch.objects.all()

    @extend_schema(
        operation_id="erasure_request_batch_make",
        summary="Choose many requests for the same step",
        description=(
            f"Up to {MAX_ITEMS:,} requests, by `ids` or by `filter`. A worker looks at each and "
            "tells what would be done and what refused; nothing is done before you start the "
            "batch. If one of the `ids` is unknown nothing is made. With an `id` of your own the "
            "call can be repeated: the same content answers 200 with the batch that is there, "
            "another content answers 409.\n\n"
            "Needs the scope `erasure:decide`."
        ),
        request=NewBatchSerializer,
        responses={
            201: BatchDetailSerializer,
            200: BatchDetailSerializer,
            **problems(*WITH_BODY, 409, s409="The id belongs to a batch of another content."),
        },
        examples=[REFUSE, APPROVE],
    )
    def post(self, request: Request) -> Response:
        values = validated(NewBatchSerializer(data=request.data))
        filing = BatchFiling(
            action=BatchAction(values["action"]),
            choose=lambda: _chosen(values),
            values=values["arguments"],
            content=request.data,
        )
        try:
            batch, created = batch_file(filing, batch_id=values.get("id"), actor=self.actor)
        except BatchError as error:
            raise ValidationError(_where(error, values)) from None
        data = self.shown(batch)
        headers = {"Location": data["links"]["self"]} if created else {}
        return Response(data, status=201 if created else 200, headers=headers)

    @extend_schema(
        operation_id="erasure_request_batches",
        summary="List batches",
        description=f"The latest first. {READS}",
        parameters=[BatchListSerializer],
        responses={200: BatchSerializer(many=True), **problems(400, *ALWAYS)},
    )
    def get(self, request: Request) -> Response:
        wanted = asked(BatchListSerializer, request)
        wanted.pop("cursor", None)
        own = wanted.pop("own", None)
        found = self.seen().filter(**wanted)
        if own is not None:
            found = found.filter(actor=self.actor) if own else found.exclude(actor=self.actor)
        page = self.paginate_queryset(found) or []
        context = self.context | {"counted": results_counted(page)}
        return self.get_paginated_response(BatchSerializer(page, many=True, context=context).data)


class BatchView(BatchAccess):
    scopes = {"GET": READERS, "HEAD": READERS}

    @extend_schema(
        operation_id="erasure_request_batch",
        summary="How far a batch is",
        description=READS,
        responses={200: BatchDetailSerializer, **problems(404, *ALWAYS, s404=UNKNOWN)},
    )
    def get(self, request: Request, batch_id: uuid.UUID) -> Response:
        return Response(self.shown(self.seen_one(batch_id)))


class ItemsView(BatchAccess, GenericAPIView[BatchItem]):
    scopes = {"GET": READERS, "HEAD": READERS}
    pagination_class = NumberPagination
    serializer_class = ItemSerializer
    queryset = BatchItem.objects.all()

    @extend_schema(
        operation_id="erasure_request_batch_items",
        summary="What becomes of each request of a batch",
        description=f"In the order in which they were chosen. {READS}",
        parameters=[ItemListSerializer],
        responses={200: ItemSerializer(many=True), **problems(400, 404, *ALWAYS, s404=UNKNOWN)},
    )
    def get(self, request: Request, batch_id: uuid.UUID) -> Response:
        wanted = asked(ItemListSerializer, request)
        wanted.pop("cursor", None)
        items = self.seen_one(batch_id).items.filter(**wanted).select_related("request")
        page = self.paginate_queryset(items)
        shown = ItemSerializer(page, many=True, context=self.context)
        return self.get_paginated_response(shown.data)


class StartView(BatchAccess):
    scopes = {"POST": Scope.ERASURE_DECIDE}
    conflicts = (BatchError,)

    @extend_schema(
        operation_id="erasure_request_batch_start",
        summary="Start a batch that was looked at",
        description=(
            "Once, and by the client that made it. A worker takes the step with each request that "
            "allowed it, each in a transaction of its own: a refusal of one stops no other. An "
            "approval holds for the impact that was looked at. It cannot be stopped.\n\n"
            "Needs the scope `erasure:decide`."
        ),
        request=NothingSerializer,
        responses={
            202: BatchDetailSerializer,
            **problems(*WITH_BODY, 404, 409, s404=UNKNOWN, s409="Not ready yet, or started."),
        },
    )
    def post(self, request: Request, batch_id: uuid.UUID) -> Response:
        validated(NothingSerializer(data=request.data))
        if self.seen_one(batch_id).actor != self.actor:
            raise PermissionDenied("Another client has made this batch: only it can start it.")
        return Response(self.shown(batch_start(batch_id=batch_id, actor=self.actor)), status=202)


def _chosen(values: dict[str, Any]) -> list[uuid.UUID]:
    """Return the ids, or those that the filter means now, the most urgent first."""
    if "ids" in values:
        return list(values["ids"])
    found = requests_listed(**values["filter"]).order_by("due_on", "pk")
    return list(found.values_list("pk", flat=True)[: MAX_ITEMS + 1])


def _where(error: BatchError, values: dict[str, Any]) -> dict[str, Any]:
    """Return what is wrong with the choice, at its place in the body."""
    if isinstance(error, UnknownRequestsError):
        places = (place for place, pk in enumerate(values["ids"]) if pk in error.unknown)
        return {"ids": {str(place): [str(error)] for place in places}}
    if isinstance(error, TooManyError):
        return {"filter": [str(error)]}
    return {"filter": ["No request matches."]}
