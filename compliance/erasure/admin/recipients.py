"""Those who get records from the controller, and are told of erasures: Art. 19."""

from typing import Any

from django import forms
from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.widgets import UnfoldAdminEmailInputWidget

from compliance.erasure.models import Recipient
from compliance.erasure.recipients import recipient_mail, recipient_save


class RecipientForm(ModelForm):
    """A recipient is told either by webhook or by mail."""

    address = forms.EmailField(
        label=gettext_lazy("Mail address"),
        required=False,
        widget=UnfoldAdminEmailInputWidget,
        help_text=gettext_lazy("Where there is no endpoint. It is stored encrypted."),
    )

    class Meta:
        model = Recipient
        fields = ["name", "endpoint", "language", "is_active"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["address"] = recipient_mail(self.instance)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and bool(data["endpoint"]) == bool(data["address"]):
            raise forms.ValidationError(_("Name either an endpoint or a mail address."))
        return data


@admin.register(Recipient)
class RecipientAdmin(ModelAdmin):
    """Who is told of each erasure. One that has been told is switched off rather than removed."""

    form = RecipientForm
    fields = ["name", "endpoint", "address", "language", "is_active"]
    list_display = ["name", "told", "is_active"]
    list_select_related = ["endpoint"]
    empty_text = gettext_lazy("Nobody is told of erasures. Add those who get records from you.")

    @display(description=gettext_lazy("Told by"))
    def told(self, recipient: Recipient) -> str:
        return recipient.endpoint.name if recipient.endpoint else _("Mail")

    def save_model(
        self, request: HttpRequest, obj: Recipient, form: RecipientForm, change: bool
    ) -> None:
        values = form.cleaned_data
        recipient_save(recipient=obj, mail=values.pop("address"), **values)
