"""What the API takes to file a request and to find some."""

from typing import Any

from django.conf import settings
from rest_framework import serializers

from compliance.accounts.fields import (
    DayField,
    PastTimeField,
    QueryBooleanField,
    RandomUuidField,
    StrictBooleanField,
    StrictChoiceField,
    StrictSerializer,
    SubjectField,
)
from compliance.erasure.models import Channel, Ground
from compliance.erasure.rest.scope_serializers import ScopeSerializer
from compliance.erasure.selectors import NOBODY
from compliance.erasure.states import State
from compliance.records.scope import EVERYTHING

STATES = [state.value for state in State]


class NewRequestSerializer(StrictSerializer):
    """An erasure request as a client files it."""

    subject = SubjectField()
    ground = StrictChoiceField(
        choices=Ground.choices,
        default=Ground.CONSENT_WITHDRAWN,
        help_text="Why the data must go: the point of GDPR Art. 17(1).",
    )
    id = RandomUuidField(
        required=False,
        help_text="Chosen by you, so that a call that broke off can be made again.",
    )
    identity_asserted = StrictBooleanField(
        default=False,
        help_text="You vouch that the person itself asks. Needs `erasure:assert-identity`.",
    )
    source = serializers.RegexField(  # type: ignore[assignment]
        r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}\Z",
        default="",
        help_text="Where the person made the request: a name of yours, such as `app-ios`. "
        "Letters, digits and `._:-`; nothing that names the person.",
        error_messages={"invalid": "Letters, digits and ._:- only, 100 at most."},
    )
    submitted_at = PastTimeField(
        default=None,
        allow_null=True,
        help_text="When the person made it there, with an offset from UTC.",
    )
    language = StrictChoiceField(
        choices=settings.LANGUAGES,
        default="",
        help_text="Language of the notices to the person; without it that of the subject.",
    )
    reopens = RandomUuidField(
        default=None,
        allow_null=True,
        help_text="The answered request that the person complains about.",
    )
    scope = ScopeSerializer(
        required=False, help_text="Which records must go, if not all of the person's."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return attrs | attrs.get("scope", {"scope": EVERYTHING})


class FilterSerializer(StrictSerializer):
    """Which requests are meant: those that are all of what is named."""

    state = serializers.ChoiceField(
        choices=STATES, required=False, error_messages={"invalid_choice": "Not a state."}
    )
    channel = serializers.ChoiceField(
        choices=Channel.choices,
        required=False,
        help_text="How it came in.",
        error_messages={"invalid_choice": "Not a channel."},
    )
    overdue = QueryBooleanField(
        required=False, help_text="Whether it is unanswered and past its legal deadline."
    )
    paused = QueryBooleanField(required=False, help_text="Whether its clock stands.")
    assignee = serializers.RegexField(
        rf"^([0-9]{{1,9}}|{NOBODY})\Z",
        required=False,
        help_text=f"The number of the user who looks after it, or `{NOBODY}`.",
        error_messages={"invalid": f"Must be the number of a user, or {NOBODY}."},
    )
    received_from = DayField(
        required=False, help_text="First day of receipt, in the controller's time zone."
    )
    received_to = DayField(required=False, help_text="Last day of receipt.")
    due_from = DayField(required=False, help_text="First legal deadline.")
    due_to = DayField(required=False, help_text="Last legal deadline.")


class ListSerializer(FilterSerializer):
    """Which requests to list, and from where on."""

    cursor = serializers.CharField(required=False, help_text="From `next` or `previous`.")
