"""Serializer fields that take one JSON type each, and say what is wrong without quoting it."""

import uuid
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from django.utils import timezone
from rest_framework import serializers
from rest_framework.settings import api_settings

SUBJECT_LENGTH = 200
TEXT_LENGTH = 4000
GDPR_APPLIES = date(2018, 5, 25)


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses fields that it does not know: a misspelt option must not pass for its default."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping) and set(data) - set(self.fields):
            known = ", ".join(sorted(self.fields))
            message = f"There is a field that is not known here. Known: {known}."
            raise serializers.ValidationError(
                {api_settings.NON_FIELD_ERRORS_KEY: [message]}, code="unknown_field"
            )
        return super().to_internal_value(data)


class SubjectField(serializers.CharField):
    """The external id of a subject, to the letter: white space counts."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("help_text", "The identifier that you use for the person.")
        super().__init__(max_length=SUBJECT_LENGTH, trim_whitespace=False, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class StrictTextField(serializers.CharField):
    """Words for people, as a string that says something."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=TEXT_LENGTH, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class StrictIntegerField(serializers.IntegerField):
    """A JSON number without a fraction: neither "10" nor 10.0 nor true."""

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            self.fail("invalid")
        return data


class StrictBooleanField(serializers.BooleanField):
    """true or false: neither "true" nor 1."""

    default_error_messages = {"invalid": "Must be true or false."}

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid")
        return data


class QueryBooleanField(serializers.ChoiceField):
    """The word true or false in an address."""

    default_error_messages = {"invalid_choice": "Must be true or false."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=["true", "false"], **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        return bool(super().to_internal_value(data) == "true")


class StrictChoiceField(serializers.ChoiceField):
    """One of the choices, as a string."""

    default_error_messages = {"invalid_choice": "Must be one of: {choices}."}

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str) or data not in self.choices:
            self.fail("invalid_choice", choices=", ".join(map(str, self.choices)))
        return data


class RandomUuidField(serializers.UUIDField):
    """A random UUID (version 4) in its usual spelling with hyphens."""

    default_error_messages = {"invalid": "Must be a UUID of version 4."}

    def to_internal_value(self, data: Any) -> uuid.UUID:
        try:
            value = uuid.UUID(data)
        except (ValueError, TypeError, AttributeError):
            self.fail("invalid")
        if str(value) != data.lower() or value.version != 4:
            self.fail("invalid")
        return value


class StrictTimeField(serializers.DateTimeField):
    """A time in ISO 8601 with its offset from UTC."""

    default_error_messages = {"invalid": "Must be a time in ISO 8601 with its offset from UTC."}

    def to_internal_value(self, value: Any) -> datetime:
        try:
            at = datetime.fromisoformat(value)
        except (TypeError, ValueError):
            self.fail("invalid")
        if at.tzinfo is None:
            self.fail("invalid")
        try:
            return at.astimezone(UTC)
        except OverflowError:  # before the year 1 or after 9999 there
            self.fail("invalid")


class DayField(serializers.DateField):
    """A date of our time, in ISO 8601."""

    default_error_messages = {"invalid": "Must be a date such as 2026-02-03."}

    def to_internal_value(self, value: Any) -> date:
        day: date = super().to_internal_value(value)
        if day.year not in range(2000, 3000):
            self.fail("invalid")
        return day


class PastTimeField(StrictTimeField):
    """A time in ISO 8601 that is not in the future, and not before the GDPR."""

    default_error_messages = {
        "future": "Must not be in the future.",
        "early": "The GDPR applies since 25 May 2018. Check the year.",
    }

    def to_internal_value(self, value: Any) -> datetime:
        at = super().to_internal_value(value)
        if at > timezone.now():
            self.fail("future")
        if at.date() < GDPR_APPLIES:
            self.fail("early")
        return at
