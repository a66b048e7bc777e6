"""What the protocol answers: every field stands in it, null where there is nothing to say."""

import base64
import json
from datetime import datetime
from typing import Any

from django.utils import timezone

from compliance.erasure.clock import due_on
from compliance.erasure.models import ErasureRequest
from compliance.opendsr.keys import Signer
from compliance.opendsr.models import OpenDsrRequest
from compliance.opendsr.serializers import API_VERSION
from compliance.opendsr.statuses import end_of, extensions_of, moment, status_of

SIGNATURE = "processor_signature"


def as_bytes(content: dict[str, Any]) -> bytes:
    """Return JSON in UTF-8, alike for the same content."""
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()


def with_signature(content: dict[str, Any], signer: Signer) -> bytes:
    """Return the body with its signature inside, as the last member.

    A body cannot hold the signature of itself: this one is of the body without that member. The
    one in the header is of all of it.
    """
    return as_bytes(content | {SIGNATURE: signer.sign(as_bytes(content))})


def controller_id(side: OpenDsrRequest) -> str:
    """Return the name under which we know the controller; it stays when its key is changed."""
    return side.client.key_id


def receipt(side: OpenDsrRequest, request: ErasureRequest, body: bytes) -> dict[str, Any]:
    """Return the answer to a new request. It is the same when the call is made again."""
    expected = due_on(request.clock_start, timezone.get_default_timezone())
    return {
        "controller_id": controller_id(side),
        "expected_completion_time": end_of(expected),
        "received_time": moment(request.received_at),
        "encoded_request": base64.b64encode(body).decode(),
        "subject_request_id": str(request.pk),
        "api_version": API_VERSION,
    }


def standing(side: OpenDsrRequest, request: ErasureRequest) -> dict[str, Any]:
    """Return where the request stands. An erasure has no results to fetch."""
    return {
        "controller_id": controller_id(side),
        "expected_completion_time": end_of(request.due()),
        "subject_request_id": str(request.pk),
        "request_status": status_of(request.status),
        "api_version": API_VERSION,
        "results_url": None,
        "results_count": None,
        "extensions": extensions_of(request),
    }


def cancellation(side: OpenDsrRequest, at: datetime) -> dict[str, Any]:
    """Return the answer to a cancellation that came in `at` a time."""
    return {
        "controller_id": controller_id(side),
        "subject_request_id": str(side.request_id),
        "received_time": moment(at),
        "api_version": API_VERSION,
    }
