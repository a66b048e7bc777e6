"""File erasure requests, list them, show one."""

import uuid
from typing import Any

from django.http import Http404
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.accounts.api import ApiView, asked, client_of, validated
from compliance.accounts.openapi import ALWAYS, WITH_BODY, problems, sent_back
from compliance.accounts.paging import ReceiptPagination
from compliance.accounts.scopes import Scope
from compliance.erasure.filing import Filing, OtherRequestError, request_file
from compliance.erasure.models import Channel, ErasureRequest, IdentityMethod
from compliance.erasure.rest.base import UNKNOWN, ReviewView
from compliance.erasure.rest.showing import RequestDetailSerializer, RequestSerializer
from compliance.erasure.rest.taking import ListSerializer, NewRequestSerializer
from compliance.erasure.selectors import requests_listed
from compliance.erasure.services.receiving import NotAnsweredError, Origin

NEW = OpenApiExample(
    "New request",
    value={
        "subject": "customer-4711",
        "ground": "17(1)(b)",
        "id": "0b5e4f0e-7a0c-4f0e-9a51-5a3a1f8f3c11",
        "identity_asserted": True,
    },
    request_only=True,
)
PARTIAL = OpenApiExample(
    "Some records",
    value={
        "subject": "customer-4711",
        "scope": {"records": [{"item": "film-17", "at": "2026-02-03T20:15:00+01:00"}]},
    },
    request_only=True,
)


class RequestsView(ReviewView, GenericAPIView[ErasureRequest]):
    scopes = {
        "POST": Scope.ERASURE_CREATE,
        "GET": Scope.ERASURE_READ,
        "HEAD": Scope.ERASURE_READ,
    }
    conflicts = (*ReviewView.conflicts, OtherRequestError)
    pagination_class = ReceiptPagination
    serializer_class = RequestSerializer
    queryset = ErasureRequest.objects.all()

    @extend_schema(
        operation_id="erasure_request_file",
        summary="File an erasure request",
        description=(
            "Known and unknown subjects are answered alike. With an `id` of your own the call can "
            "be repeated: the same content answers 200 with the request that is there, another "
            "content answers 409, `language` aside. Once a request is answered its subject is "
            "forgotten here too, and of the scope only its kind is compared.\n\n"
            "Without a `scope` all records of the person go. With one, those of certain `items`, "
            "of a `period` (both ends included), or certain `records`.\n\n"
            "Needs the scope `erasure:create`; `identity_asserted` needs `erasure:assert-identity` "
            "besides."
        ),
        parameters=[sent_back("Location", "The address of the new request.", 201)],
        request=NewRequestSerializer,
        responses={
            201: RequestSerializer,
            200: RequestSerializer,
            **problems(*WITH_BODY, 409, s409="The id belongs to a request of another content."),
        },
        examples=[NEW, PARTIAL],
    )
    def post(self, request: Request) -> Response:
        client = client_of(request)
        values = validated(NewRequestSerializer(data=request.data))
        if values["identity_asserted"] and Scope.ERASURE_ASSERT.value not in client.scopes:
            raise PermissionDenied(
                f"To vouch for an identity the key needs the scope {Scope.ERASURE_ASSERT.value}."
            )
        try:
            filed, created = request_file(
                _filing(values), request_id=values.get("id"), actor=f"client:{client.pk}"
            )
        except NotAnsweredError as error:
            raise ValidationError({"reopens": [str(error)]}) from None
        data = self.get_serializer(filed).data
        headers = {"Location": data["links"]["self"]} if created else {}
        return Response(data, status=201 if created else 200, headers=headers)

    @extend_schema(
        operation_id="erasure_requests_list",
        summary="List erasure requests",
        description="The latest received first.\n\nNeeds the scope `erasure:read`.",
        parameters=[ListSerializer],
        responses={200: RequestSerializer(many=True), **problems(400, *ALWAYS)},
    )
    def get(self, request: Request) -> Response:
        chosen = asked(ListSerializer, request)
        chosen.pop("cursor", None)
        page = self.paginate_queryset(requests_listed(**chosen))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


def _filing(values: dict[str, Any]) -> Filing:
    """Return what is filed, from the valid body."""
    return Filing(
        subject=values["subject"],
        ground=values["ground"],
        channel=Channel.API,
        identity=IdentityMethod.ASSERTED if values["identity_asserted"] else None,
        scope=values["scope"],
        origin=Origin(
            source=values["source"],
            submitted_at=values["submitted_at"],
            language=values["language"],
            reopens=values["reopens"],
        ),
    )


class RequestView(ApiView):
    scopes = {"GET": Scope.ERASURE_READ, "HEAD": Scope.ERASURE_READ}

    @extend_schema(
        operation_id="erasure_request",
        summary="Where an erasure request stands",
        description=(
            "With its clock, its refusal, its history, and the shards whose adapters learned from "
            "the records and are trained again without them. Never whom it is about.\n\n"
            "Needs the scope `erasure:read`."
        ),
        responses={200: RequestDetailSerializer, **problems(404, *ALWAYS)},
    )
    def get(self, request: Request, request_id: uuid.UUID) -> Response:
        return Response(shown(request, request_id))


def shown(request: Request, request_id: uuid.UUID) -> dict[str, Any]:
    """Return all that the API tells of a request as it stands now, or raise the 404."""
    found = (
        ErasureRequest.objects.select_related("certificate", "assignee")
        .filter(pk=request_id)
        .first()
    )
    if found is None:
        raise Http404(UNKNOWN)
    return dict(RequestDetailSerializer(found, context={"request": request}).data)
