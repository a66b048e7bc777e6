"""Approve as a reviewer does: look at the impact, then approve just that."""

from typing import Any

from compliance.erasure.impact import impact_of
from compliance.erasure.models import ErasureRequest
from compliance.erasure.services import request_approve


def approve(request: ErasureRequest, *, actor: str = "user:1", **part: Any) -> ErasureRequest:
    request.refresh_from_db()
    scope = part["part"].scope if part else None
    return request_approve(
        request_id=request.pk, actor=actor, digest=impact_of(request, scope).digest, **part
    )
