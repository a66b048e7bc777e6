"""What the API of reports takes and gives."""

from typing import Any

from django.utils import timezone
from rest_framework import serializers

from compliance.accounts.fields import StrictSerializer
from compliance.erasure.models import Channel, Ground, IdentityMethod, Outcome, Refusal, ScopeKind
from compliance.erasure.states import State
from compliance.evidence.reports.formats import Format
from compliance.evidence.reports.periods import Month, PeriodError, period_of


class MonthField(serializers.CharField):
    """A calendar month of the controller."""

    def to_internal_value(self, data: Any) -> Any:
        try:
            return Month.parse(data)
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from None


class FormatSerializer(StrictSerializer):
    """How a report is written."""

    format = serializers.ChoiceField(
        choices=[each.value for each in Format],
        required=False,
        help_text="Goes before `Accept`; JSON without either.",
        error_messages={"invalid_choice": "Must be csv or json."},
    )
    bom = serializers.ChoiceField(
        choices=["true", "false"],
        default="false",
        help_text="Whether CSV begins with a byte-order mark, by which Excel knows UTF-8.",
        error_messages={"invalid_choice": "Must be true or false."},
    )


class PeriodSerializer(FormatSerializer):
    """Which months, both included; the last twelve unless given."""

    first = MonthField(required=False, help_text="First month, such as `2026-01`.")
    last = MonthField(required=False, help_text="Last month; the present one unless given.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        try:
            today = timezone.localdate()
            period = period_of(attrs.get("first"), attrs.get("last"), today=today)
        except PeriodError as error:
            raise serializers.ValidationError({error.field: [str(error)]}) from None
        return attrs | {"period": period}


class RowSerializer(serializers.Serializer[Any]):
    """One request. Dates are the controller's."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=[state.value for state in State])
    channel = serializers.ChoiceField(choices=Channel.choices)
    source = serializers.CharField()  # type: ignore[assignment]
    ground = serializers.ChoiceField(choices=Ground.choices)
    scope_kind = serializers.ChoiceField(choices=ScopeKind.choices)
    received_at = serializers.DateTimeField()
    submitted_at = serializers.DateTimeField(allow_null=True)
    started_on = serializers.DateField(help_text="When the clock began.")
    identity_method = serializers.ChoiceField(choices=IdentityMethod.choices, allow_blank=True)
    verified_at = serializers.DateTimeField(allow_null=True)
    due_on = serializers.DateField(help_text="In force: with extension and pauses.")
    due_on_without_pauses = serializers.DateField()
    extension_decided_at = serializers.DateTimeField(allow_null=True)
    extended_at = serializers.DateTimeField(allow_null=True, help_text="In force since.")
    pauses = serializers.IntegerField()
    paused_days = serializers.IntegerField(help_text="By which ended pauses have moved the date.")
    paused_on = serializers.DateField(allow_null=True, help_text="Since when the clock stands.")
    days_left = serializers.IntegerField(allow_null=True, help_text="Null once it has ended.")
    overdue = serializers.BooleanField(allow_null=True, help_text="Null once it has ended.")
    decided_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    days_to_answer = serializers.IntegerField(allow_null=True)
    in_time = serializers.BooleanField(allow_null=True, help_text="Null without an answer.")
    outcome = serializers.ChoiceField(choices=Outcome.choices, allow_blank=True)
    article = serializers.ChoiceField(choices=Refusal.choices, allow_blank=True)
    erased_interactions = serializers.IntegerField(allow_null=True)
    shards = serializers.IntegerField(help_text="Shards of the model that it touched.")
    reopens = serializers.UUIDField(allow_null=True)
    duplicate_of = serializers.UUIDField(allow_null=True)


class ReportSerializer(serializers.Serializer[Any]):
    """What a report is over."""

    first = serializers.CharField()
    last = serializers.CharField()
    time_zone = serializers.CharField(help_text="Whose months and dates these are.")
    made_at = serializers.DateTimeField()


class RequestsReportSerializer(ReportSerializer):
    requests = RowSerializer(many=True)


class FiguresSerializer(serializers.Serializer[Any]):
    """One month."""

    month = serializers.CharField()
    received = serializers.IntegerField(help_text="Requests whose clock began in it.")
    answered = serializers.IntegerField(help_text="Completed or denied in it.")
    in_time = serializers.IntegerField(help_text="Of those answered: by their due date.")
    late = serializers.IntegerField()
    open_at_end = serializers.IntegerField(help_text="In a month that is not over: now.")
    completed = serializers.IntegerField()
    partial = serializers.IntegerField(  # type: ignore[assignment]
        help_text="Of those completed: a part was refused."
    )
    denied = serializers.IntegerField()
    denied_by_article = serializers.DictField(child=serializers.IntegerField())
    cancelled = serializers.IntegerField()
    expired = serializers.IntegerField()
    extensions = serializers.IntegerField(help_text="That came into force in it.")
    pauses = serializers.IntegerField(help_text="That began in it.")
    median_days = serializers.FloatField(allow_null=True, help_text="To the answer.")
    p90_days = serializers.IntegerField(allow_null=True, help_text="Nine of ten took no longer.")


class MonthlyReportSerializer(ReportSerializer):
    months = FiguresSerializer(many=True)
