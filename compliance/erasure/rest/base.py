"""What all calls about one request have in common."""

import uuid
from typing import Any

from django.http import Http404

from compliance.accounts.api import ApiView
from compliance.accounts.api_errors import Conflict
from compliance.erasure.errors import ImpactChangedError, StepError, refusal_code
from compliance.erasure.identity import IdentityGoneError
from compliance.erasure.models import ErasureRequest
from compliance.erasure.states import IllegalTransitionError

UNKNOWN = "There is no erasure request with this id."


class ReviewView(ApiView):
    """What a service refuses is a 409; for a changed impact it says what has changed."""

    conflicts: tuple[type[Exception], ...] = (IllegalTransitionError, StepError, IdentityGoneError)

    def handle_exception(self, exc: Exception) -> Any:
        if isinstance(exc, ErasureRequest.DoesNotExist):
            exc = Http404(UNKNOWN)
        return super().handle_exception(exc)

    def conflict(self, error: Exception) -> Conflict:
        members = {"changed": error.changed} if isinstance(error, ImpactChangedError) else {}
        return Conflict(_refusal_of(error), refusal_code(error), **members)


def request_get(request_id: uuid.UUID) -> ErasureRequest:
    """Return the request, or raise the 404."""
    found = ErasureRequest.objects.filter(pk=request_id).first()
    if found is None:
        raise Http404(UNKNOWN)
    return found


def _refusal_of(error: Exception) -> str:
    """Return why a service refuses, in words."""
    if isinstance(error, IdentityGoneError):
        return "The request has been answered: it does not say any more whom it was about."
    return str(error)
