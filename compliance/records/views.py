"""The API of records: what happens, and how people can be reached, as it comes."""

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.accounts.api import ApiView, validated
from compliance.accounts.api_errors import Unavailable
from compliance.accounts.openapi import WITH_BODY, problems
from compliance.accounts.scopes import Scope
from compliance.records.contacts import ContactRow, contacts_put
from compliance.records.intake import ImportUnderWayError, Interacted, interactions_take
from compliance.records.serializers import (
    LINES,
    ContactsSerializer,
    InteractionsSerializer,
    PutListSerializer,
    TakenListSerializer,
)

INTERACTIONS = OpenApiExample(
    "Interactions",
    value={
        "interactions": [
            {
                "subject": "customer-4711",
                "item": "film-17",
                "rating": 4.5,
                "at": "2026-02-03T20:15:00+01:00",
            }
        ]
    },
    request_only=True,
)
TAKEN = OpenApiExample(
    "Outcome",
    value={"results": [{"outcome": "stored", "reason": ""}]},
    response_only=True,
    status_codes=["200"],
)
CONTACTS = OpenApiExample(
    "Contacts",
    value={
        "subjects": [
            {"subject": "customer-4711", "email": "ada@example.org", "language": "de"},
            {"subject": "customer-4712", "email": None},
        ]
    },
    request_only=True,
)


class InteractionsView(ApiView):
    scopes = {"POST": Scope.INTERACTIONS_WRITE}

    @extend_schema(
        operation_id="interactions_take",
        summary="Send interactions",
        description=(
            f"Up to {LINES:,} at a time, by the rules of an import: what is there already stays as "
            "it is, so a call that broke off can be made again; what was erased does not come "
            "back; what is of a subject whose erasure request is open is parked until it is "
            "decided. `results` says in the same order what became of each. If one line is not "
            "well-formed none is taken, and `errors` says which.\n\n"
            "Interactions enter training with the next refresh.\n\n"
            "Needs the scope `interactions:write`."
        ),
        request=InteractionsSerializer,
        responses={
            200: TakenListSerializer,
            **problems(*WITH_BODY, s503="An import is under way, or the database is away."),
        },
        examples=[INTERACTIONS, TAKEN],
    )
    def post(self, request: Request) -> Response:
        lines = validated(InteractionsSerializer(data=request.data))["interactions"]
        try:
            taken = interactions_take([Interacted(**line) for line in lines])
        except ImportUnderWayError as error:
            raise Unavailable(str(error), wait=error.wait) from error
        return Response(TakenListSerializer({"results": taken}).data)


class SubjectsView(ApiView):
    http_method_names = ["put"]
    scopes = {"PUT": Scope.SUBJECTS_WRITE}

    @extend_schema(
        operation_id="subjects_put",
        summary="Supply addresses and languages of subjects",
        description=(
            f"Up to {LINES:,} at a time. Each line takes the place of what was known of how the "
            "person can be reached; a subject that is not known yet becomes known. The address is "
            "kept encrypted. It serves to prove an identity and to answer a request, and for "
            "nothing else. A subject of whom all was erased does not come back this way. "
            "`results` says in the same order what became of each. If one line is not well-formed "
            "none is taken, and `errors` says which.\n\n"
            "Needs the scope `subjects:write`."
        ),
        request=ContactsSerializer,
        responses={200: PutListSerializer, **problems(*WITH_BODY)},
        examples=[CONTACTS],
    )
    def put(self, request: Request) -> Response:
        lines = validated(ContactsSerializer(data=request.data))["subjects"]
        outcomes = contacts_put(
            [ContactRow(line["subject"], line["email"], line["language"] or "") for line in lines]
        )
        return Response(
            PutListSerializer({"results": [{"outcome": what} for what in outcomes]}).data
        )
