"""What reviewers fill in."""

from typing import Any
from uuid import uuid4

from django import forms
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldBooleanWidget,
)

from compliance.erasure.admin.scopes import PART_CHOICES, ScopeForm
from compliance.erasure.models import PauseKind, Refusal

WORDS_LENGTH = 4000


def deciders() -> QuerySet[User]:
    """Return who can look after a request."""
    backend = "django.contrib.auth.backends.ModelBackend"
    return User.objects.with_perm("erasure.decide", backend=backend).order_by("username")


def words_field(label: Any, help_text: Any, missing: Any) -> forms.CharField:
    """Return a field for sentences that a person will read."""
    return forms.CharField(
        label=label,
        max_length=WORDS_LENGTH,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 5}),
        help_text=help_text,
        error_messages={"required": missing},
    )


class PlainForm(forms.Form):
    """Nothing to fill in: the button is the whole question."""


class ApproveForm(forms.Form):
    """Approval cannot be undone, so the reviewer confirms that the consequences were read."""

    impact_read = forms.BooleanField(
        label=_("I have read the impact"),
        widget=UnfoldBooleanWidget,
        error_messages={"required": _("Read the impact above and tick this box to approve.")},
    )


def told_field(help_text: Any) -> forms.BooleanField:
    """Return the box that says that no mail needs to tell the person."""
    return forms.BooleanField(
        label=_("I have told the person otherwise"),
        required=False,
        widget=UnfoldBooleanWidget,
        help_text=help_text,
    )


TOLD_OF_THE_END = _(
    "By letter or telephone: no mail is sent, and the restriction of the records ends at once. "
    "Otherwise it ends when a mail has been delivered, or when you say later that you told the "
    "person: Art. 18(3)."
)


class RefusalForm(forms.Form):
    """A refusal has reasons: Art. 12(4)."""

    article = forms.ChoiceField(
        label=_("Article"),
        choices=[("", _("Choose the article")), *Refusal.choices],
        widget=UnfoldAdminSelectWidget,
        help_text=_("What the law allows as a reason. The letter quotes it."),
        error_messages={"required": _("Choose the article that allows to refuse: Art. 12(4).")},
    )
    text = words_field(
        _("Reasons"),
        _("In words for the person, who reads them in the letter. Stored encrypted."),
        _("A refusal needs reasons: Art. 12(4)."),
    )


class DenyForm(RefusalForm):
    """What the person is told, and whether it has been."""

    told = told_field(TOLD_OF_THE_END)


class CancelForm(forms.Form):
    """Whether the person knows it already."""

    told = told_field(TOLD_OF_THE_END)


class PartForm(ScopeForm, RefusalForm):
    """What alone is approved, and why the rest is refused."""

    kind = forms.ChoiceField(
        label=_("Erase only"), choices=PART_CHOICES, widget=UnfoldAdminSelectWidget
    )
    field_order = ("kind", "items", "first", "last", "article", "text")

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["article"].help_text = _("Why the rest is refused. The letter quotes it.")


class ExtendForm(forms.Form):
    """Two months more, of which the person is told with reasons: Art. 12(3)."""

    reasons = words_field(
        _("Reasons"),
        _("The complexity or number of requests, in words for the person. Stored encrypted."),
        _("Give the reasons: the person must be told them, Art. 12(3)."),
    )
    told = told_field(
        _(
            "By letter or telephone, with these reasons: the extension is in force at once. "
            "Otherwise a mail is sent, and the extension is in force when it has been delivered."
        )
    )


class PauseForm(forms.Form):
    """Nothing else stops the clock."""

    kind = forms.ChoiceField(
        label=_("What the person is asked for"),
        choices=PauseKind.choices,
        widget=UnfoldAdminSelectWidget,
    )


class AssignForm(forms.Form):
    """Somebody who may decide, or nobody."""

    assignee = forms.ModelChoiceField(
        label=_("Who looks after it"),
        queryset=User.objects.none(),
        required=False,
        empty_label=_("Nobody"),
        widget=UnfoldAdminSelectWidget,
        help_text=_("Those who may decide requests."),
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        field = self.fields["assignee"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = deciders()


class CommentForm(forms.Form):
    """A note to colleagues. Its hidden number makes a form that is sent twice one comment."""

    number = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    text = forms.CharField(
        label=_("Comment"),
        max_length=WORDS_LENGTH,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text=_(
            "For colleagues; stored encrypted. The person may ask what is written of them: Art. 15."
        ),
        error_messages={"required": _("Write the comment.")},
    )
