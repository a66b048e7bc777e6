"""Scopes in words and in forms: everything, certain items, a period, certain records."""

from datetime import datetime, time

from django import forms
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from compliance.erasure.admin.words import moment
from compliance.provenance.learning import Facts
from compliance.records.scope import EVERYTHING, Scope, ScopeError

SHOWN = 50
EVERYTHING_CHOICE = ("everything", gettext_lazy("All records of the subject"))
PART_CHOICES = [
    ("items", gettext_lazy("The records of certain items")),
    ("period", gettext_lazy("The records of a period")),
]


def scope_facts(scope: Scope) -> Facts:
    """Return which records a scope names. For those who may see identities."""
    if scope.period:
        first, last = scope.period
        return [(_("From"), moment(first)), (_("Until"), moment(last))]
    if scope.items:
        return [(_("Items"), _listed(sorted(scope.items)))]
    if scope.records:
        lines = [f"{item}, {moment(at)}" for item, at in sorted(scope.records)]
        return [(_("Records"), _listed(lines))]
    return []


def scope_initial(scope: Scope) -> dict[str, object]:
    """Return what a form is filled in with to name the scope again; certain records have none."""
    if scope.period:
        first, last = (timezone.localdate(end) for end in scope.period)
        return {"kind": "period", "first": first, "last": last}
    if scope.items:
        return {"kind": "items", "items": "\n".join(sorted(scope.items))}
    return {}


def _listed(lines: list[str]) -> SafeString:
    rows = format_html_join("", "<li>{}</li>", ((line,) for line in lines[:SHOWN]))
    more = len(lines) - SHOWN
    rest = format_html("<li>{}</li>", _("and %(n)s more") % {"n": more}) if more > 0 else ""
    return format_html('<ul class="flex flex-col gap-1">{}{}</ul>', rows, rest)


class ScopeForm(forms.Form):
    """Asks for a scope; the valid form has it as `cleaned_data["scope"]`."""

    kind = forms.ChoiceField(
        label=gettext_lazy("Which records"),
        choices=[EVERYTHING_CHOICE, *PART_CHOICES],
        widget=UnfoldAdminSelectWidget,
    )
    items = forms.CharField(
        label=gettext_lazy("Items"),
        required=False,
        max_length=250_000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text=gettext_lazy("For certain items: their identifiers, one in a line."),
    )
    first = forms.DateField(
        label=gettext_lazy("From"),
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"type": "date"}),
        help_text=gettext_lazy("For a period: its first day."),
    )
    last = forms.DateField(
        label=gettext_lazy("Until"),
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"type": "date"}),
        help_text=gettext_lazy("For a period: its last day, which is part of it."),
    )

    def clean(self) -> dict[str, object]:
        values = super().clean() or {}
        needed = {"items": ["items"], "period": ["first", "last"]}.get(values.get("kind", ""), [])
        for name in needed:
            if not values.get(name) and name not in self.errors:
                self.add_error(name, _("Fill this in, or choose other records above."))
        if not self.errors:
            values["scope"] = self._scope(values)
        return values

    def _scope(self, values: dict[str, object]) -> Scope | None:
        try:
            if values["kind"] == "items":
                lines = str(values["items"]).splitlines()
                return Scope(items=frozenset(line.strip() for line in lines if line.strip()))
            if values["kind"] == "period":
                return Scope(period=(_midnight(values["first"]), _last(values["last"])))
        except ScopeError as error:
            self.add_error(None, str(error))
            return None
        return EVERYTHING


def _midnight(day: object) -> datetime:
    return datetime.combine(day, time.min, timezone.get_default_timezone())  # type: ignore[arg-type]


def _last(day: object) -> datetime:
    return datetime.combine(day, time.max, timezone.get_default_timezone())  # type: ignore[arg-type]
