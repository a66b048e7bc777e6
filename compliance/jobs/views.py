"""The API of messages."""

import uuid

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.accounts.api import ApiView, asked
from compliance.accounts.openapi import ALWAYS, problems
from compliance.accounts.paging import CreationPagination
from compliance.accounts.scopes import Scope
from compliance.jobs.models import OutboxMessage
from compliance.jobs.outbox import NotDeadError, message_resend
from compliance.jobs.serializers import DeliveryFilterSerializer, DeliverySerializer


class DeliveriesView(ApiView, GenericAPIView[OutboxMessage]):
    scopes = {"GET": Scope.ERASURE_READ, "HEAD": Scope.ERASURE_READ}
    pagination_class = CreationPagination
    serializer_class = DeliverySerializer
    queryset = OutboxMessage.objects.select_related("endpoint").prefetch_related("attempts")

    @extend_schema(
        operation_id="deliveries_list",
        summary="List mails and webhook calls",
        description=(
            "The latest first, with each attempt. What a message says, and the address of a mail, "
            "is told nowhere.\n\nNeeds the scope `erasure:read`."
        ),
        parameters=[DeliveryFilterSerializer],
        responses={200: DeliverySerializer(many=True), **problems(400, *ALWAYS)},
    )
    def get(self, request: Request) -> Response:
        chosen = asked(DeliveryFilterSerializer, request)
        chosen.pop("cursor", None)
        page = self.paginate_queryset(self.get_queryset().filter(**chosen))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class ResendView(ApiView):
    scopes = {"POST": Scope.DELIVERIES_WRITE}
    conflicts = (NotDeadError,)

    @extend_schema(
        operation_id="delivery_resend",
        summary="Send a dead letter again",
        description=(
            "Starts all attempts anew, under the same id.\n\nNeeds the scope `deliveries:write`."
        ),
        request=None,
        responses={
            200: DeliverySerializer,
            **problems(404, *ALWAYS, 409, s409="The message is no dead letter."),
        },
    )
    def post(self, request: Request, message_id: uuid.UUID) -> Response:
        if not OutboxMessage.objects.filter(pk=message_id).exists():
            raise Http404("There is no message with this id.")
        return Response(DeliverySerializer(message_resend(message_id=message_id)).data)
