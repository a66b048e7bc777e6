"""What is asked about an API client."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextInputWidget,
)

from compliance.accounts.days import end_of, last_day
from compliance.accounts.models import MOST_CALLS, ApiClient
from compliance.accounts.scopes import Granter, Scope, scopes_grantable
from compliance.accounts.services import MOST_OVERLAP

MOST_HOURS = MOST_OVERLAP // timedelta(hours=1)


class DayWidget(UnfoldAdminTextInputWidget):
    """The browser's own way to choose a day."""

    input_type = "date"


class ClientForm(forms.Form):
    """What a client may do, how often and until when."""

    scopes = forms.MultipleChoiceField(
        label=_("May"),
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("Only what the client needs. You can give what you may do yourself."),
        error_messages={
            "required": _("Tick at least one: a key without a scope opens nothing."),
            "invalid_choice": _("That scope is not for you to give, or there is none such."),
        },
    )
    expires_on = forms.DateField(
        label=_("Last day"),
        required=False,
        widget=DayWidget,
        help_text=_("The last day on which its keys work. Empty for no end."),
    )
    calls_per_minute = forms.IntegerField(
        label=_("Calls a minute"),
        required=False,
        min_value=1,
        max_value=MOST_CALLS,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text=_("Empty for the limit that all clients have."),
    )

    def __init__(
        self, *args: Any, user: Granter, client: ApiClient | None = None, **kwargs: Any
    ) -> None:
        self.client = client
        super().__init__(*args, **kwargs | {"initial": _initial(client)})
        allowed = {*scopes_grantable(user), *(client.scopes if client else ())}
        self.fields["scopes"].choices = [  # type: ignore[attr-defined]
            (scope.value, f"{scope.value}: {scope.label}") for scope in Scope if scope in allowed
        ]

    def clean_expires_on(self) -> date | None:
        day: date | None = self.cleaned_data["expires_on"]
        if "expires_on" in self.changed_data and day is not None:
            if day < timezone.localdate():
                raise ValidationError(_("This day has passed. Choose today or a later one."))
            if day == date.max:
                raise ValidationError(_("This day never comes. Leave it empty for no end."))
        return day

    def values(self) -> dict[str, Any]:
        """Return what the services take."""
        kept = self.client and "expires_on" not in self.changed_data
        day = self.cleaned_data["expires_on"]
        return {
            "scopes": [Scope(scope) for scope in self.cleaned_data["scopes"]],
            "expires_at": self.client.expires_at if self.client and kept else end_of(day),
            "calls_per_minute": self.cleaned_data["calls_per_minute"],
        }


class NewClientForm(ClientForm):
    """A client's name besides, which stays."""

    name = forms.CharField(
        label=_("Name"),
        max_length=100,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
        help_text=_("What calls, such as “shop” or “data warehouse”. No names of persons."),
    )
    field_order = ["name", "scopes", "expires_on", "calls_per_minute"]

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if not name.isprintable():
            raise ValidationError(_("A name has printable characters only."))
        return name


class RotateForm(forms.Form):
    """How long the old key opens besides the new one."""

    overlap = forms.IntegerField(
        label=_("Hours that the old key still works"),
        min_value=0,
        max_value=MOST_HOURS,
        initial=24,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text=_("Long enough to hand out the new key. 0 ends the old one now: after a leak."),
    )
    rotations = forms.IntegerField(widget=forms.HiddenInput)


def _initial(client: ApiClient | None) -> dict[str, Any]:
    if client is None:
        return {}
    return {
        "scopes": client.scopes,
        "expires_on": last_day(client.expires_at),
        "calls_per_minute": client.calls_per_minute,
    }
