"""What the steps of a review take."""

from typing import Any

from django.contrib.auth.models import User
from rest_framework import serializers

from compliance.accounts.fields import (
    RandomUuidField,
    StrictBooleanField,
    StrictChoiceField,
    StrictSerializer,
    StrictTextField,
)
from compliance.erasure.models import PauseKind, Refusal
from compliance.erasure.parts import Part
from compliance.erasure.rest.scope_serializers import ScopeSerializer
from compliance.erasure.services.handling import AssigneeError, is_assignable


class NothingSerializer(StrictSerializer):
    """An empty object, or no body at all."""


class PreviewSerializer(StrictSerializer):
    """The part whose impact is asked for."""

    scope = ScopeSerializer(help_text="Less than all of what the person asked for.")


class RefusalBodySerializer(StrictSerializer):
    """What the person is told: Art. 12(4)."""

    article = StrictChoiceField(choices=Refusal.choices)
    text = StrictTextField(help_text="The reasons, in words for the person, who is shown them.")


class PartSerializer(RefusalBodySerializer):
    """What alone is approved, and why the rest is refused."""

    scope = ScopeSerializer()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        refused = Refusal(attrs["article"])
        return {"part": Part(attrs["scope"]["scope"], refused, attrs["text"])}


TOLD = (
    "The person has been told already, by letter for instance: no mail is sent, and the "
    "restriction ends at once. Otherwise it ends when the mail has been delivered, or when you "
    "say by `told` that the person was told."
)


class DenySerializer(RefusalBodySerializer):
    """Why nothing is erased."""

    told = StrictBooleanField(default=False, help_text=TOLD)


class CancelSerializer(StrictSerializer):
    """Whether the person knows it already."""

    told = StrictBooleanField(default=False, help_text=TOLD)


class DigestField(serializers.RegexField):
    """The digest of an impact."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            r"^sha256:[0-9a-f]{64}\Z",
            error_messages={"invalid": "Must be the digest of an impact: sha256: and 64 digits."},
            **kwargs,
        )


class ApproveSerializer(StrictSerializer):
    """Which impact is approved."""

    digest = DigestField(help_text="Of the impact that you have looked at.")
    part = PartSerializer(required=False, help_text="Without it, all that was asked for goes.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return {"digest": attrs["digest"], "part": attrs.get("part", {}).get("part")}


class ExtendSerializer(StrictSerializer):
    """Two months more: Art. 12(3)."""

    reasons = StrictTextField(help_text="In words for the person, who is told them.")
    told = StrictBooleanField(
        default=False,
        help_text="The person has been told already, by letter for instance. Otherwise a mail "
        "tells them, and the extension is in force when it has been delivered.",
    )


class PauseBodySerializer(StrictSerializer):
    """What the controller waits for."""

    kind = StrictChoiceField(choices=PauseKind.choices)


class AssignSerializer(StrictSerializer):
    """Who looks after it from now on."""

    assignee = serializers.CharField(
        allow_null=True, max_length=150, help_text="A user's name; null for nobody."
    )

    def validate_assignee(self, name: str | None) -> User | None:
        user = User.objects.filter(username=name).first() if name else None
        if name and not (user and is_assignable(user)):
            raise serializers.ValidationError(str(AssigneeError()))
        return user


class CommentBodySerializer(StrictSerializer):
    """A note to colleagues."""

    text = StrictTextField()
    id = RandomUuidField(
        required=False,
        help_text="Chosen by you, so that a call that broke off can be made again.",
    )
