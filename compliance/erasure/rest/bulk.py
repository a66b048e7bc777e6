"""The same step with many requests."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.accounts.api import ApiView, client_of, validated
from compliance.accounts.fields import StrictBooleanField, StrictChoiceField, StrictSerializer
from compliance.accounts.openapi import WITH_BODY, problems
from compliance.accounts.scopes import Scope
from compliance.erasure.bulk import Outcome, Result, requests_each
from compliance.erasure.errors import PausedError, StepError
from compliance.erasure.impact import impact_of
from compliance.erasure.models import ErasureRequest
from compliance.erasure.rest.base import refusal_code, refusal_of
from compliance.erasure.rest.step_bodies import DigestField
from compliance.erasure.rest.steps import STEPS
from compliance.erasure.rest.taking import STATES, FilterSerializer
from compliance.erasure.selectors import requests_listed
from compliance.erasure.services import request_approve
from compliance.erasure.states import State, check_transition

MOST = 10_000
SECONDS = 20.0  # a proxy waits longer; what is left is named, and can be sent again
# The same for all requests of a call. To vouch for an identity is a matter of each person.
ACTIONS = ("approve", "assign", "cancel", "deny", "extend", "pause", "resume", "unpause")

EXAMPLE = OpenApiExample(
    "Refuse those that nobody could identify",
    value={
        "action": "deny",
        "filter": {"state": "awaiting_identity", "due_to": "2026-12-01"},
        "arguments": {"article": "11(2)", "text": "We could not find out who you are."},
        "dry_run": True,
    },
    request_only=True,
)


class NoPreviewError(StepError):
    """An approval names the impact that was looked at; also one of many."""

    def __init__(self) -> None:
        super().__init__(_("Name the digest of the request's impact: a dry run tells it."))


class BulkFilterSerializer(FilterSerializer):
    """The requests that are all of what is named."""

    overdue = StrictBooleanField(required=False)  # type: ignore[assignment]
    paused = StrictBooleanField(required=False)  # type: ignore[assignment]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs:
            raise serializers.ValidationError("Name at least one property.")
        return attrs


class DigestsSerializer(StrictSerializer):
    """The impacts that were looked at."""

    digests = serializers.DictField(
        child=DigestField(), default=dict, help_text="By the id of the request."
    )


class BulkSerializer(StrictSerializer):
    """A step, and which requests it is taken with."""

    action = StrictChoiceField(choices=ACTIONS)
    ids = serializers.ListField(
        child=serializers.UUIDField(), required=False, min_length=1, max_length=MOST
    )
    filter = BulkFilterSerializer(required=False, help_text="As for the list.")
    arguments = serializers.DictField(
        default=dict,
        help_text="What the step takes; for `approve` the `digests` by request, which the dry run "
        "tells.",
    )
    dry_run = StrictBooleanField(default=False, help_text="Tell what would happen, and do nothing.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("ids" in attrs) == ("filter" in attrs):
            raise serializers.ValidationError("Give either ids or a filter.")
        approves = attrs["action"] == "approve"
        body = DigestsSerializer if approves else STEPS[attrs["action"]].body
        arguments = body(data=attrs["arguments"])
        if not arguments.is_valid():
            raise serializers.ValidationError({"arguments": arguments.errors})
        return attrs | {"arguments": arguments.validated_data}


class ResultSerializer(serializers.Serializer[Any]):
    """How it went with one request."""

    id = serializers.UUIDField()
    outcome = serializers.ChoiceField(
        choices=[one.value for one in Outcome],
        help_text="`done` (in a dry run: would be), `refused`, `unknown` (no such request), "
        "`failed` (the server's log says where), `left` (the time was over: send it again).",
    )
    state = serializers.ChoiceField(
        choices=STATES, allow_null=True, help_text="Where the request stands now."
    )
    code = serializers.CharField(allow_null=True, help_text="Of a refusal: its kind,")
    detail = serializers.CharField(allow_null=True, help_text="and its reason.")
    digest = serializers.CharField(
        allow_null=True, help_text="Of the impact, in a dry run of `approve`."
    )


class BulkResultSerializer(serializers.Serializer[Any]):
    """How it went."""

    dry_run = serializers.BooleanField()
    counts = serializers.DictField(child=serializers.IntegerField())
    results = ResultSerializer(many=True)


class BulkView(ApiView):
    scopes = {"POST": Scope.ERASURE_DECIDE}

    @extend_schema(
        operation_id="erasure_requests_bulk",
        summary="The same step with many requests",
        description=(
            f"With up to {MOST:,} requests, by `ids` or by `filter`. Each is a transaction of its "
            "own: a refusal of one stops no other, and each has its result. An approval needs the "
            "digest of each request's impact, which a dry run tells.\n\n"
            "Needs the scope `erasure:decide`."
        ),
        request=BulkSerializer,
        responses={200: BulkResultSerializer, **problems(*WITH_BODY)},
        examples=[EXAMPLE],
    )
    def post(self, request: Request) -> Response:
        values = validated(BulkSerializer(data=request.data))
        ids = values["ids"] if "ids" in values else _matching(values["filter"])
        actor, dry_run = f"client:{client_of(request).pk}", values["dry_run"]
        if values["action"] == "approve":
            results = _approve(ids, actor, values["arguments"]["digests"], dry_run)
        else:
            step = STEPS[values["action"]]
            results = _shown(
                requests_each(
                    ids,
                    lambda pk: step.run(pk, actor, values["arguments"]),
                    dry_run=dry_run,
                    seconds=SECONDS,
                )
            )
        return Response(_report(dry_run, list(results)))


def _matching(wanted: dict[str, Any]) -> list[UUID]:
    """Return the ids that the filter means, the most urgent first; at most `MOST`."""
    found = requests_listed(**wanted).order_by("due_on", "pk").values_list("pk", flat=True)
    ids = list(found[: MOST + 1])
    if len(ids) > MOST:
        message = f"More than {MOST:,} requests match. Narrow the filter."
        raise serializers.ValidationError({"filter": [message]})
    return ids


def _approve(
    ids: Iterable[UUID], actor: str, digests: dict[str, str], dry_run: bool
) -> Iterator[dict[str, Any]]:
    """Approve what was looked at; a dry run looks, and erases nothing."""
    seen: dict[UUID, str] = {}

    def look(pk: UUID) -> None:
        request = ErasureRequest.objects.get(pk=pk)
        check_transition(request.status, State.APPROVED)
        if request.paused_on:
            raise PausedError
        seen[pk] = impact_of(request).digest

    def approve(pk: UUID) -> None:
        if str(pk) not in digests:
            raise NoPreviewError
        request_approve(request_id=pk, actor=actor, digest=digests[str(pk)])

    for shown in _shown(requests_each(ids, look if dry_run else approve, seconds=SECONDS)):
        yield shown | {"digest": seen.get(shown["id"])}


def _shown(results: Iterable[Result]) -> Iterator[dict[str, Any]]:
    for result in results:
        error = result.error
        yield {
            "id": result.request_id,
            "outcome": result.outcome.value,
            "code": refusal_code(error) if error else None,
            "detail": refusal_of(error) if error else None,
            "digest": None,
        }


def _report(dry_run: bool, results: list[dict[str, Any]]) -> dict[str, Any]:
    ids = [result["id"] for result in results]
    states = dict(ErasureRequest.objects.filter(pk__in=ids).values_list("pk", "state"))
    counted = Counter(result["outcome"] for result in results)
    return {
        "dry_run": dry_run,
        "counts": {outcome.value: counted[outcome.value] for outcome in Outcome},
        "results": [result | {"state": states.get(result["id"])} for result in results],
    }
