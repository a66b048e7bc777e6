"""A scope as a client writes it."""

from typing import Any

from rest_framework import serializers

from compliance.accounts.fields import StrictSerializer, StrictTimeField, SubjectField
from compliance.records.scope import MAX_ENTRIES, Scope, ScopeError


class PeriodSerializer(StrictSerializer):
    """A period; both ends are part of it."""

    first = StrictTimeField()
    last = StrictTimeField()


class RecordSerializer(StrictSerializer):
    """One record of the subject."""

    item = SubjectField(help_text="The item's identifier.")
    at = StrictTimeField(help_text="When the subject reacted to it.")


class ScopeSerializer(StrictSerializer):
    """Which of the subject's records must go: one of the three."""

    items = serializers.ListField(
        child=SubjectField(help_text="The item's identifier."),
        required=False,
        min_length=1,
        max_length=MAX_ENTRIES,
    )
    period = PeriodSerializer(required=False)
    records = serializers.ListField(
        child=RecordSerializer(), required=False, min_length=1, max_length=MAX_ENTRIES
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs:
            raise serializers.ValidationError("Name items, a period or records.")
        period = attrs.get("period")
        try:
            scope = Scope(
                items=frozenset(attrs.get("items", ())),
                period=(period["first"], period["last"]) if period else None,
                records=frozenset((each["item"], each["at"]) for each in attrs.get("records", ())),
            )
        except ScopeError as error:
            raise serializers.ValidationError(str(error)) from None
        return {"scope": scope}
