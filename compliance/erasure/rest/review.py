"""One address for each step of a review."""

import uuid
from collections.abc import Mapping

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.accounts.api import client_of, validated
from compliance.accounts.openapi import WITH_BODY, problems
from compliance.accounts.scopes import Scope
from compliance.erasure.rest.base import ReviewView
from compliance.erasure.rest.requests import shown
from compliance.erasure.rest.showing import RequestDetailSerializer
from compliance.erasure.rest.steps import STEPS

Accepted = Mapping[str, Scope | tuple[Scope, ...]]

DECIDING: Accepted = {"POST": Scope.ERASURE_DECIDE}
CHANGED = "The request's state does not allow it, or `changed` names what is not as previewed."


class StepView(ReviewView):
    """Takes the step of this name, and answers with the request as it stands then."""

    name: str
    scopes = DECIDING

    def post(self, request: Request, request_id: uuid.UUID) -> Response:
        step = STEPS[self.name]
        actor = f"client:{client_of(request).pk}"
        step.run(request_id, actor, validated(step.body(data=request.data)))
        return Response(shown(request, request_id))


def _step(
    name: str,
    summary: str,
    description: str,
    scopes: Accepted = DECIDING,
    conflict: str = "The request's state does not allow it.",
) -> type[StepView]:
    """Return the view of one step, with its description."""
    accepted = scopes["POST"]
    words = " or ".join(
        f"`{one.value}`" for one in (accepted if isinstance(accepted, tuple) else (accepted,))
    )
    schema = extend_schema(
        operation_id=f"erasure_request_{name.replace('-', '_')}",
        summary=summary,
        description=f"{description}\n\nNeeds the scope {words}.",
        request=STEPS[name].body,
        responses={
            200: RequestDetailSerializer,
            **problems(*WITH_BODY, 404, 409, s409=conflict),
        },
    )
    title = "".join(part.capitalize() for part in name.split("-"))
    view = type(f"{title}View", (StepView,), {"name": name, "scopes": scopes})
    return extend_schema_view(post=schema)(view)


STEP_VIEWS = {
    "confirm-identity": _step(
        "confirm-identity",
        "Vouch for the identity",
        "You vouch that the person itself asks: the review can begin, and nothing is learned "
        "from the person meanwhile.",
        {"POST": Scope.ERASURE_ASSERT},
    ),
    "approve": _step(
        "approve",
        "Approve, and erase now",
        "Names the digest of the impact that you have looked at. In one transaction the records "
        "go, and what learned from them is out of service. It cannot be undone. With a `part` "
        "only that goes, and the person is told why the rest is refused. Where two persons must "
        "approve, they log in to the admin: a client is refused.",
        conflict=CHANGED,
    ),
    "deny": _step(
        "deny",
        "Refuse the request",
        "Nothing is erased. The person is told the article, your reasons, and where to complain.",
    ),
    "extend": _step(
        "extend",
        "Take two months more",
        "Once, before the due date, and with reasons: Art. 12(3). In force when the person has "
        "been told.",
        conflict="The state, or the clock, does not allow it.",
    ),
    "extension-told": _step(
        "extension-told",
        "Note that the person has been told of the extension",
        "For an extension whose mail could not be delivered, and that you told by other means. "
        "In force if the due date has not passed; otherwise the history says so.",
    ),
    "pause": _step(
        "pause",
        "Stop the clock",
        "Only while the person is asked to prove its identity, or what it means. The due date "
        "moves by the whole days of the pause.",
        conflict="The state, or the clock, does not allow it.",
    ),
    "unpause": _step(
        "unpause",
        "Let the clock run again",
        "The person has answered.",
        conflict="The state, or the clock, does not allow it.",
    ),
    "cancel": _step(
        "cancel",
        "Take the request back",
        "For the person who asked, while nothing has been erased.",
        {"POST": (Scope.ERASURE_CANCEL, Scope.ERASURE_DECIDE)},
    ),
    "told": _step(
        "told",
        "Note that the person has been told of the end",
        "For a request that has ended without an erasure and whose restriction still stands, "
        "because no mail was sent or it could not be delivered, and that you told by other means. "
        "The restriction ends with that: Art. 18(3). Called again it changes nothing.",
        conflict="The request is open, or was approved.",
    ),
    "resume": _step(
        "resume",
        "Try again after a failure",
        "Queues what is missing: training, replay or certificate.",
    ),
    "assign": _step(
        "assign",
        "Say who looks after it",
        "An active user who may decide requests, or nobody.",
    ),
}
