"""A subject's page: what learned from it. Identifiers never stand in an address or a list."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from unfold.decorators import display

from compliance.accounts.admin_base import PageAdmin, digest_code
from compliance.provenance.models import AdapterState
from compliance.provenance.report import LEARNED
from compliance.provenance.selectors import Learner, SubjectProvenance, subject_provenance
from compliance.records.models import Subject

SEES_IDENTITY = "erasure.view_identity"
ROWS_SHOWN = ":200"


@admin.register(Subject)
class SubjectAdmin(PageAdmin):
    """People by number. Who may see identities can look one up by its exact identifier."""

    list_display = ["number", "records", "created_at"]
    list_before_template = "admin/records/subject/find.html"
    ordering = ["pk"]
    empty_text = gettext_lazy(
        "There are no subjects. They come with the interactions, by the import commands."
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Subject]:
        return super().get_queryset(request).annotate(record_count=Count("interactions"))

    @display(description=gettext_lazy("Subject"), ordering="pk")
    def number(self, subject: Subject) -> str:
        return _subject_name(subject)

    @display(description=gettext_lazy("Records"), ordering="record_count")
    def records(self, subject: Any) -> int:
        return subject.record_count

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("find/", wrap(self.find_view), name="records_subject_find"),
            path("<int:pk>/identity/", wrap(self.identity_view), name="records_subject_identity"),
            *super().get_urls(),
        ]

    @method_decorator(require_POST)
    def find_view(self, request: HttpRequest) -> HttpResponse:
        """Go to the page of the subject with the identifier in the form."""
        self._check_sees_identity(request)
        wanted = request.POST.get("identifier", "").strip()
        subject = Subject.objects.filter(external_id=wanted).first()
        if subject is None:
            messages.warning(request, _("No subject has exactly this identifier."))
            return redirect("admin:records_subject_changelist")
        return redirect("admin:records_subject_change", subject.pk)

    @method_decorator(require_POST)
    def identity_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the page with the identifier on it, and keep that it was shown."""
        self._check_sees_identity(request)
        subject = get_object_or_404(Subject, pk=pk)
        self.log_change(request, subject, "Looked at the identifier.")
        return self._page(request, subject, identifier=subject.external_id)

    def _check_sees_identity(self, request: HttpRequest) -> None:
        if not (self.has_view_permission(request) and request.user.has_perm(SEES_IDENTITY)):
            raise PermissionDenied

    def _page(
        self, request: HttpRequest, subject: Subject, identifier: str = ""
    ) -> TemplateResponse:
        found = subject_provenance(subject.external_id)
        context = self.admin_site.each_context(request) | {
            "opts": self.opts,
            "original": subject,
            "title": _subject_name(subject),
            "identifier": identifier,
            "found": found,
            "facts": _facts(found),
            "learners": [_learner(one) for one in found.adapters],
            "shown": ROWS_SHOWN,
        }
        return TemplateResponse(request, "admin/records/subject/page.html", context)


def _subject_name(subject: Subject) -> str:
    return _("Subject #%(number)s") % {"number": subject.pk}


def _facts(found: SubjectProvenance) -> list[tuple[str, object]]:
    return [
        (_("Records"), len(found.records)),
        (_("Prompts"), len(found.prompts)),
        (_("Shard and slice"), _place(found)),
        (_("Plan"), digest_code(found.plan)),
    ]


def _place(found: SubjectProvenance) -> str:
    if found.slice is None:
        return _("None yet: the records are placed when manage.py train runs next")
    if found.is_validation:
        return _("Validation subject, slice %(slice)s: no adapter learns from its records") % {
            "slice": found.slice
        }
    return _("Shard %(shard)s, slice %(slice)s (counted from 0)") % {
        "shard": found.shard,
        "slice": found.slice,
    }


def _learner(one: Learner) -> tuple[Learner, object, object, str]:
    return one, AdapterState(one.state).label, LEARNED[one.learned], _standing(one)


def _standing(learner: Learner) -> str:
    if learner.is_live:
        return _("served now")
    if learner.destroyed_at:
        return _("destroyed")
    return _("quarantined") if learner.quarantined_at else _("not served")
