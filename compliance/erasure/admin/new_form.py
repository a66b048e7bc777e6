"""A request that reached the controller by letter, by telephone or in person."""

import uuid
from datetime import UTC, date, datetime, time

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from compliance.accounts.fields import GDPR_APPLIES
from compliance.erasure.admin.scopes import ScopeForm
from compliance.erasure.filing import Filing
from compliance.erasure.models import Channel, ErasureRequest, Ground, IdentityMethod
from compliance.erasure.services.receiving import Origin
from compliance.erasure.states import FINAL_STATES

IDENTIFIER_LENGTH = 200
SOURCES = [
    ("letter", gettext_lazy("Letter")),
    ("mail", gettext_lazy("Mail")),
    ("telephone", gettext_lazy("Telephone")),
    ("in-person", gettext_lazy("In person")),
    ("authority", gettext_lazy("Through an authority or a lawyer")),
    ("other", gettext_lazy("Otherwise")),
]


class NewRequestForm(ScopeForm):
    """Its hidden number makes a form that is sent twice one request."""

    number = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    reopens = forms.UUIDField(widget=forms.HiddenInput, required=False)
    subject = forms.CharField(
        label=gettext_lazy("Subject's identifier"),
        max_length=IDENTIFIER_LENGTH,
        strip=False,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy(
            "Exactly as your systems know the person. It is stored encrypted. The answer is the "
            "same whether there are records of this person or not."
        ),
    )
    ground = forms.ChoiceField(
        label=gettext_lazy("Ground"),
        choices=Ground.choices,
        initial=Ground.CONSENT_WITHDRAWN,
        widget=UnfoldAdminSelectWidget,
        help_text=gettext_lazy("Why the records must be erased: GDPR Art. 17(1)."),
    )
    source = forms.ChoiceField(
        label=gettext_lazy("How it came"), choices=SOURCES, widget=UnfoldAdminSelectWidget
    )
    received_on = forms.DateField(
        label=gettext_lazy("Received on"),
        initial=timezone.localdate,
        widget=UnfoldAdminTextInputWidget(attrs={"type": "date"}),
        help_text=gettext_lazy(
            "The day on which it reached you: the clock runs from then, not from today."
        ),
    )
    language = forms.ChoiceField(
        label=gettext_lazy("Language of the notices"),
        choices=[("", gettext_lazy("As known of the person")), *settings.LANGUAGES],
        required=False,
        widget=UnfoldAdminSelectWidget,
    )
    identity_checked = forms.BooleanField(
        label=gettext_lazy("Identity checked"),
        required=False,
        widget=UnfoldBooleanWidget,
        help_text=gettext_lazy(
            "Tick this only if you have made sure that the person who asks is the subject. "
            "Otherwise the request waits for that check."
        ),
    )
    field_order = (
        "subject",
        "ground",
        "kind",
        "items",
        "first",
        "last",
        "received_on",
        "source",
        "language",
        "identity_checked",
    )

    def clean_received_on(self) -> date:
        day: date = self.cleaned_data["received_on"]
        if day > timezone.localdate():
            raise forms.ValidationError(_("This day is still to come. Enter the day of receipt."))
        if day < GDPR_APPLIES:
            raise forms.ValidationError(_("The GDPR applies since 25 May 2018. Check the year."))
        return day

    def clean_reopens(self) -> uuid.UUID | None:
        number: uuid.UUID | None = self.cleaned_data["reopens"]
        ended = ErasureRequest.objects.filter(state__in=FINAL_STATES)
        if number and not ended.filter(pk=number).exists():
            raise forms.ValidationError(_("Only a request that has ended can be reopened."))
        return number

    def filing(self) -> Filing:
        """Return what the valid form files."""
        values = self.cleaned_data
        return Filing(
            subject=values["subject"],
            ground=Ground(values["ground"]),
            channel=Channel.ADMIN,
            identity=IdentityMethod.REVIEWER if values["identity_checked"] else None,
            scope=values["scope"],
            origin=Origin(
                source=values["source"],
                submitted_at=_start_of(values["received_on"]),
                reopens=values["reopens"],
                language=values["language"],
            ),
        )


def _start_of(day: date) -> datetime:
    """Return when a day began for the controller."""
    return datetime.combine(day, time.min, timezone.get_default_timezone()).astimezone(UTC)
