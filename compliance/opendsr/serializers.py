"""What the protocol takes. Its words stand here and nowhere else."""

import re
import uuid
from typing import Any

from django.conf import settings
from rest_framework import serializers

from compliance.accounts.fields import (
    PastTimeField,
    RandomUuidField,
    StrictChoiceField,
    StrictSerializer,
    SubjectField,
)
from compliance.erasure.models import Ground
from compliance.erasure.rest.scope_serializers import ScopeSerializer
from compliance.jobs.addresses import AddressError, target_of
from compliance.opendsr.models import Regulation
from compliance.records.scope import EVERYTHING

API_VERSION = "2.0"
IDENTITY_TYPE, IDENTITY_FORMAT, REQUEST_TYPE = "controller_customer_id", "raw", "erasure"
MOST_CALLBACKS = 10
ONLY = "Not supported here. /discovery names what is."


class LowerUuidField(RandomUuidField):
    """A random UUID in lower case, as the protocol has it."""

    default_error_messages = {"invalid": "Must be a UUID of version 4 in lower case."}

    def to_internal_value(self, data: Any) -> uuid.UUID:
        value = super().to_internal_value(data)
        if str(value) != data:
            self.fail("invalid")
        return value


class SupportedField(StrictChoiceField):
    """One of the protocol's words, of which only one is supported here."""

    default_error_messages = {"invalid_choice": ONLY}

    def __init__(self, word: str, **kwargs: Any) -> None:
        super().__init__(choices=[word], **kwargs)


class IdentitySerializer(StrictSerializer):
    """Whom the request is about."""

    identity_type = SupportedField(IDENTITY_TYPE)
    identity_value = SubjectField()
    identity_format = SupportedField(IDENTITY_FORMAT)


class VersionField(serializers.CharField):
    """The version that the controller speaks."""

    default_error_messages = {"version": "This is version 2 of the protocol."}

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str) or not re.fullmatch(r"2(\.[0-9]{1,3}){0,2}", data):
            self.fail("version")
        return data


class CallbackField(serializers.CharField):
    """An address that callbacks can go to."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        try:
            target_of(data)
        except AddressError as error:
            raise serializers.ValidationError(str(error), code="address") from None
        return data


class ExtensionSerializer(StrictSerializer):
    """What the protocol has no field for, under our domain."""

    scope = ScopeSerializer(required=False)
    ground = StrictChoiceField(choices=Ground.choices, default=Ground.CONSENT_WITHDRAWN)
    language = StrictChoiceField(choices=settings.LANGUAGES, default="")
    source = serializers.RegexField(  # type: ignore[assignment]
        r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}\Z",
        default="",
        error_messages={"invalid": "Letters, digits and ._:- only, 100 at most."},
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return attrs | attrs.get("scope", {"scope": EVERYTHING})


class ExtensionsField(serializers.DictField):
    """An object for each processor's domain; those of other processors are none of our business."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict) or not all(isinstance(one, dict) for one in data.values()):
            raise serializers.ValidationError("Must hold one object for each domain.", "invalid")
        ours = ExtensionSerializer(data=data.get(settings.OPENDSR_DOMAIN, {}))
        if not ours.is_valid():
            raise serializers.ValidationError({settings.OPENDSR_DOMAIN: ours.errors})
        return dict(ours.validated_data)


class NewRequestSerializer(StrictSerializer):
    """A request as a controller sends it."""

    regulation = StrictChoiceField(choices=Regulation.choices)
    subject_request_id = LowerUuidField()
    subject_request_type = SupportedField(REQUEST_TYPE)
    subject_identities = serializers.ListField(
        child=IdentitySerializer(),
        min_length=1,
        max_length=1,
        error_messages={
            "min_length": "Name the person.",
            "max_length": "Name one person, by one identity.",
        },
    )
    submitted_time = PastTimeField()
    api_version = VersionField(default=API_VERSION, allow_null=True)
    status_callback_urls = serializers.ListField(
        child=CallbackField(), default=list, allow_null=True, max_length=MOST_CALLBACKS
    )
    extensions = ExtensionsField(default=dict, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        extension = attrs["extensions"] or ExtensionsField().to_internal_value({})
        return attrs | {"extension": extension}
