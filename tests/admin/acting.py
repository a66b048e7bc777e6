"""Where the pages of the review are, and how a reviewer goes through them."""

from typing import Any

from django.test import Client
from django.urls import reverse

from compliance.erasure.models import ErasureRequest, Refusal
from compliance.erasure.states import State

QUEUE = "admin:erasure_erasurerequest_changelist"
WORDS = "We need the records for a claim in court."
DENIAL = {"article": Refusal.LEGAL_CLAIMS.value, "text": WORDS}
PART = DENIAL | {"kind": "items", "items": "i-1"}
# What each step's form takes.
FORMS: dict[str, dict[str, str]] = {
    "confirm-identity": {},
    "approve": {"impact_read": "on"},
    "approve-part": PART,
    "deny": DENIAL,
    "extend": {"reasons": "Many requests.", "told": "on"},
    "confirm-extension": {},
    "pause": {"kind": "identity"},
    "resume-clock": {},
    "assign": {},
    "cancel": {},
    "person-told": {},
    "resume": {},
}


def step(request: ErasureRequest, name: str) -> str:
    return reverse("admin:erasure_erasurerequest_step", args=[request.pk, name])


def at(request: ErasureRequest, name: str = "change") -> str:
    return reverse(f"admin:erasure_erasurerequest_{name}", args=[request.pk])


def do(
    browser: Client, request: ErasureRequest, name: str, form: dict[str, Any] | None = None
) -> Any:
    """Go through a step as its pages ask: look, and then do what was looked at."""
    values = FORMS[name] if form is None else form
    url = step(request, name)
    context = browser.get(url).context
    if context and context.get("has_letter"):
        context = browser.post(url, values).context
    impact = context.get("impact") if context else None
    digest = {"digest": impact.digest} if impact else {}
    return browser.post(url, values | {"stage": "do"} | digest, follow=True)


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


def state_of(request: ErasureRequest) -> State:
    request.refresh_from_db()
    return request.status
