"""What the API of records takes and gives."""

from collections import Counter
from decimal import Decimal
from typing import Any

from rest_framework import serializers

from compliance.accounts.fields import (
    StrictChoiceField,
    StrictSerializer,
    StrictTimeField,
    SubjectField,
)
from compliance.records import contacts, intake
from compliance.records.models import RATING_MAX, RATING_MIN, Language

LINES = 1000


class RatingField(serializers.DecimalField):
    """A JSON number with at most two decimals: neither "4" nor true."""

    default_error_messages = {"invalid": "Must be a number such as 3.5."}

    def __init__(self, **kwargs: Any) -> None:
        kwargs |= {"min_value": RATING_MIN, "max_value": RATING_MAX}
        super().__init__(max_digits=4, decimal_places=2, **kwargs)

    def to_internal_value(self, data: Any) -> Decimal:
        if type(data) not in (int, float):
            self.fail("invalid")
        return super().to_internal_value(data)


class InteractionSerializer(StrictSerializer):
    """One reaction of a subject to an item."""

    subject = SubjectField()
    item = SubjectField(help_text="The item's identifier.")
    rating = RatingField(help_text=f"From {RATING_MIN} to {RATING_MAX}, with two decimals at most.")
    at = StrictTimeField(help_text="When the subject reacted to it.")


class InteractionsSerializer(StrictSerializer):
    interactions = serializers.ListField(
        child=InteractionSerializer(), min_length=1, max_length=LINES
    )


class TakenSerializer(serializers.Serializer[Any]):
    """What became of one interaction."""

    outcome = serializers.ChoiceField(choices=[each.value for each in intake.Outcome])
    reason = serializers.CharField(help_text="Why it was rejected; empty otherwise.")


class ContactSerializer(StrictSerializer):
    """How one subject can be reached."""

    subject = SubjectField()
    email = serializers.EmailField(
        max_length=254, allow_null=True, help_text="Null: there is none (any more)."
    )
    language = StrictChoiceField(
        choices=Language.choices,
        allow_null=True,
        default=None,
        help_text="What the person is written to in; null: unknown.",
    )


class ContactsSerializer(StrictSerializer):
    subjects = serializers.ListField(child=ContactSerializer(), min_length=1, max_length=LINES)

    def validate_subjects(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Refuse a subject that stands twice: which line holds would be a matter of luck."""
        seen = Counter[str]()
        errors: list[dict[str, list[str]]] = []
        for row in rows:
            seen[row["subject"]] += 1
            is_again = seen[row["subject"]] > 1
            errors.append({"subject": ["Stands in an earlier line: keep one."]} if is_again else {})
        if any(errors):
            raise serializers.ValidationError(errors, code="duplicate")
        return rows


class PutSerializer(serializers.Serializer[Any]):
    """What became of one subject's contact."""

    outcome = serializers.ChoiceField(choices=[each.value for each in contacts.Outcome])


class TakenListSerializer(serializers.Serializer[Any]):
    """What became of the lines, in their order."""

    results = TakenSerializer(many=True)


class PutListSerializer(serializers.Serializer[Any]):
    """What became of the lines, in their order."""

    results = PutSerializer(many=True)
