"""What people fill in."""

from datetime import date, datetime, time
from typing import Any
from uuid import uuid4

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from compliance.accounts.fields import SUBJECT_LENGTH
from compliance.erasure.models import Ground
from compliance.erasure.proving import DIGITS
from compliance.portal.words import GROUND_WORDS
from compliance.records.scope import EVERYTHING, Scope

WHOLE, PERIOD = "everything", "period"
YEARS = range(1900, 3000)
SCOPES = [
    (WHOLE, _("Everything")),
    (PERIOD, _("Only what is from a certain period")),
]


class DayField(forms.DateField):
    """A day of the controller's time zone. Browsers send it in one way in all languages."""

    default_error_messages = {
        "invalid": _("This is no day. Give it such as 2026-01-31."),
        "year": _("No data is from that year. Check it."),
    }

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
        super().__init__(required=False, input_formats=["%Y-%m-%d"], widget=widget, **kwargs)

    def validate(self, value: date | None) -> None:
        super().validate(value)
        if value and value.year not in YEARS:
            raise ValidationError(self.error_messages["year"], code="year")


class WishForm(forms.Form):
    """What is to be erased, and why."""

    scope = forms.ChoiceField(
        label=_("What shall we erase?"),
        choices=SCOPES,
        initial=WHOLE,
        error_messages={"required": _("Say what we shall erase.")},
        widget=forms.RadioSelect,
    )
    first = DayField(label=_("First day"))
    last = DayField(label=_("Last day"))
    ground = forms.ChoiceField(
        label=_("Why?"),
        help_text=_("Choose what fits best. Each of these is a reason that the law knows."),
        choices=list(GROUND_WORDS.items()),
        initial=Ground.CONSENT_WITHDRAWN,
        error_messages={"required": _("Choose a reason.")},
        widget=forms.RadioSelect,
    )

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        days = [name for name in ("first", "last") if given.get(name)]
        if given.get("scope") == WHOLE and days:
            self.add_error(
                "scope", _("You have given a period. Choose the period, or leave its days empty.")
            )
        if given.get("scope") == PERIOD:
            self._require_period(given)
        return given

    def _require_period(self, given: dict[str, Any]) -> None:
        missing = {
            "first": _("Give the first day of the period."),
            "last": _("Give the last day of the period."),
        }
        for name, words in missing.items():
            if not given.get(name) and name not in self.errors:
                self.add_error(name, words)
        if not self.errors and given["first"] > given["last"]:
            self.add_error("last", _("The last day is before the first."))

    def wanted(self) -> Scope:
        """Return the scope: days are whole days of the controller's time zone."""
        given = self.cleaned_data
        if given["scope"] == WHOLE:
            return EVERYTHING
        zone = timezone.get_default_timezone()
        first = datetime.combine(given["first"], time.min, zone)
        return Scope(period=(first, datetime.combine(given["last"], time.max, zone)))


class WhoForm(forms.Form):
    """Whom the controller knows as what. An unknown identifier is as good as a known one."""

    subject = forms.CharField(
        max_length=SUBJECT_LENGTH,
        error_messages={"required": _("Say how we know you.")},
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["subject"]
        field.label = settings.PORTAL_IDENTIFIER or _("How do we know you?")
        if not settings.PORTAL_IDENTIFIER:
            field.help_text = _(
                "The customer number, user name or mail address of your account with us, exactly "
                "as it stands there."
            )

    def clean_subject(self) -> str:
        subject: str = self.cleaned_data["subject"]
        if not subject.isprintable():
            raise ValidationError(_("This holds a sign that cannot be printed. Type it anew."))
        return subject


class AskForm(WishForm, WhoForm):
    """A request. `nonce` makes one request of a form that is sent twice."""

    nonce = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    field_order = ["subject"]


class HandOffForm(WishForm):
    """A request of somebody whom the controller's own page has sent."""

    token = forms.CharField(widget=forms.HiddenInput)


class FreshInput(forms.TextInput):
    """Comes back empty: a code that was wrong is typed anew."""

    def format_value(self, value: Any) -> None:
        return None


class CodeForm(forms.Form):
    """The code from the mail, however it was typed."""

    code = forms.CharField(
        label=_("Code from our mail"),
        help_text=_("Eight digits. A code is good for 15 minutes."),
        max_length=20,
        error_messages={"required": _("Enter the code from our mail.")},
        widget=FreshInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )

    def clean_code(self) -> str:
        code = "".join(sign for sign in self.cleaned_data["code"] if sign not in " -")
        if len(code) != DIGITS or not code.isascii() or not code.isdigit():
            raise ValidationError(_("The code has eight digits and nothing else."))
        return code
