"""Who looks after a request, whom it is about, and what reviewers tell one another about it."""

import uuid
from operator import attrgetter

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from compliance.erasure.errors import StepError
from compliance.erasure.identity import identity_decrypt, identity_index
from compliance.erasure.models import Comment, ErasureRequest, Step
from compliance.erasure.states import OPEN_STATES, State
from compliance.erasure.transitions import event_add, request_lock, request_write, require_state
from compliance.records.models import Restriction
from compliance.sealing import seal, unseal


class AssigneeError(StepError):
    """Nobody who may decide."""

    def __init__(self) -> None:
        super().__init__(_("Requests are assigned to active users who may decide them."))


class TakenError(StepError):
    """Somebody else was first."""

    def __init__(self, name: str) -> None:
        super().__init__(
            _("%(name)s looks after this request already. Assign it if you want to change that.")
            % {"name": name}
        )


class OtherCommentError(StepError):
    """The number is that of another comment."""

    def __init__(self) -> None:
        super().__init__(
            _("This comment has been sent already, with other words. Write it as a new one.")
        )


class EmptyCommentError(StepError):
    """A comment without words."""

    def __init__(self) -> None:
        super().__init__(_("Write the comment."))


def is_assignable(user: User) -> bool:
    """Tell whether requests can be given to `user`."""
    return user.is_active and user.has_perm("erasure.decide")


@transaction.atomic
def request_assign(
    *, request_id: uuid.UUID, actor: str, assignee: User | None, only_if_free: bool = False
) -> ErasureRequest:
    """Give the request to somebody who may decide it, or to nobody. Raises `AssigneeError`.

    With `only_if_free` nobody loses it: raises `TakenError` if somebody else looks after it.
    """
    request = request_lock(request_id)
    require_state(request, OPEN_STATES, State.IN_REVIEW)
    if assignee and not is_assignable(assignee):
        raise AssigneeError
    if only_if_free and request.assignee and request.assignee != assignee:
        raise TakenError(request.assignee.get_username())
    request_write(request, assignee=assignee)
    if assignee:
        event_add(request, Step.ASSIGNED, actor=actor, note=f"user:{assignee.pk}")
    else:
        event_add(request, Step.UNASSIGNED, actor=actor)
    return request


@transaction.atomic
def comment_add(
    *, request_id: uuid.UUID, actor: str, text: str, number: uuid.UUID | None = None
) -> tuple[Comment, bool]:
    """Add a comment, also to an answered request; return it, and whether it is new.

    One that is sent again with the same `number` is the one that is there. Raises
    `EmptyCommentError`, and `OtherCommentError` for a number of other words or another actor.
    """
    request = request_lock(request_id)
    words = text.strip()
    if not words:
        raise EmptyCommentError
    number = number or uuid.uuid4()
    there = Comment.objects.filter(request=request, number=number).first()
    if there is None:
        sealed = seal(words)
        there = Comment.objects.create(request=request, number=number, actor=actor, text=sealed)
        event_add(request, Step.COMMENTED, actor=actor)
        return there, True
    if there.actor != actor or there.text is None or unseal(there.text).decode() != words:
        raise OtherCommentError
    return there, False


@transaction.atomic
def identity_show(*, request_id: uuid.UUID, actor: str) -> str:
    """Return whom the request is about, and note who looked.

    One that has ended says it while its restriction stands: somebody has to tell the person.
    Raises `IdentityGoneError` after that, `InvalidToken` under another identity key.
    """
    request = request_lock(request_id)
    resting = Restriction.objects.filter(request_id=request.pk).first()
    external_id = identity_decrypt(request.identity or (resting.identity if resting else None))
    event_add(request, Step.IDENTITY_SHOWN, actor=actor)
    return external_id


@transaction.atomic
def requests_of(*, external_id: str, actor: str) -> list[ErasureRequest]:
    """Return the open requests of the subject with exactly this identifier, the oldest first.

    It shows whom they are about, so each notes who looked. Answered ones cannot be found: whom
    they were about is forgotten.
    """
    mine = ErasureRequest.objects.open().filter(identity_index=identity_index(external_id))
    # Locked, by id as everywhere: the history is to say the state in which each one was seen.
    locked = mine.select_for_update(no_key=True).order_by("pk")
    found = sorted(locked, key=attrgetter("received_at", "pk"))
    for request in found:
        event_add(request, Step.IDENTITY_SHOWN, actor=actor)
    return found
