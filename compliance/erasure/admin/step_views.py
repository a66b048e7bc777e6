"""The page of one step: it says what will happen and asks; only its last POST does it."""

from typing import Any
from uuid import UUID

from cryptography.fernet import InvalidToken
from django import forms
from django.contrib import messages
from django.contrib.auth.models import AnonymousUser, User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from compliance.accounts.access import rows_for
from compliance.erasure.admin import impact as impacts
from compliance.erasure.admin.base import CHANGE, OTHER_KEY, ReviewAdmin, actor_of, too_late
from compliance.erasure.admin.eyes import endorsement_facts, gap_words
from compliance.erasure.admin.page import wanted_facts
from compliance.erasure.admin.part import records_to_choose
from compliance.erasure.admin.scopes import scope_facts
from compliance.erasure.admin.steps import STEPS, Step, part_of
from compliance.erasure.admin.words import STATE_COLOURS, is_open, number_of, time_left
from compliance.erasure.endorsing import awaits_first
from compliance.erasure.errors import ImpactChangedError, StepError
from compliance.erasure.identity import IdentityGoneError
from compliance.erasure.impact import Impact
from compliance.erasure.models import ErasureRequest, ScopeKind
from compliance.erasure.services import request_assign
from compliance.erasure.states import IllegalTransitionError, State
from compliance.provenance.learning import Facts
from compliance.records.scope import Scope

FIRST_OF_TWO = gettext_lazy("Approve as the first of two")


class StepViews(ReviewAdmin):
    """Steps are asked for on GET. With a letter, a first POST shows it and a second one does it."""

    def get_urls(self) -> list[URLPattern]:
        name = "erasure_erasurerequest"
        wrap = self.admin_site.admin_view
        return [
            path("<uuid:pk>/step/<slug:step>/", wrap(self.step_view), name=f"{name}_step"),
            path("<uuid:pk>/take/", wrap(self.take_view), name=f"{name}_take"),
            *super().get_urls(),
        ]

    @method_decorator(require_POST)
    def take_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Let whoever asks look after the request, unless somebody does already."""
        self._check(request, "erasure.view_erasurerequest", "erasure.comment")
        get_object_or_404(ErasureRequest, pk=pk)
        me = get_object_or_404(User, pk=request.user.pk)
        try:
            request_assign(request_id=pk, actor=actor_of(request), assignee=me, only_if_free=True)
        except StepError as error:
            messages.error(request, str(error))
        except IllegalTransitionError:
            messages.error(request, _("The request has ended: nobody needs to look after it."))
        else:
            messages.success(request, _("You look after this request now."))
        return redirect(CHANGE, pk)

    @rows_for(step=tuple(STEPS))
    def step_view(self, request: HttpRequest, pk: UUID, step: str) -> HttpResponse:
        """Say what the step does and ask; only a POST with a valid form does it."""
        self._check(request, "erasure.view_erasurerequest", "erasure.decide")
        if step not in STEPS:
            raise Http404
        self._check(request, *STEPS[step].permissions)
        return self._step(request, get_object_or_404(ErasureRequest, pk=pk), STEPS[step])

    def _step(self, request: HttpRequest, erasure: ErasureRequest, step: Step) -> HttpResponse:
        if not step.possible(erasure):
            messages.error(request, too_late(erasure, step))
            return redirect(CHANGE, erasure.pk)
        if request.method == "POST":
            form = step.form(request.POST)
        else:
            form = step.form(initial=step.initial(erasure, actor_of(request)))
        if request.method != "POST" or not form.is_valid():
            return self._ask(request, erasure, step, form)
        stage = request.POST.get("stage", "")
        if step.letter and stage != "do":
            return self._ask(request, erasure, step, form, look=stage != "edit")
        return self._do(request, erasure, step, form)

    def _ask(
        self,
        request: HttpRequest,
        erasure: ErasureRequest,
        step: Step,
        form: forms.Form,
        *,
        look: bool = False,
    ) -> HttpResponse:
        """Show the form or, with `look`, the letter and what has been filled in."""
        part = form.cleaned_data.get("scope") if look else None
        impact = impacts.impact_for(erasure, request.user, part) if step.weighs else None
        first = impact is not None and awaits_first(
            erasure,
            actor=actor_of(request),
            digest=impact.digest if look or not step.letter else None,
            part=part_of(form.cleaned_data) if look else None,
        )
        values: dict[str, Any] = {
            "original": erasure,
            "title": _("%(step)s: request %(number)s")
            % {"step": step.title, "number": number_of(erasure)},
            "step": step,
            "step_button": FIRST_OF_TWO if first else step.button,
            "first_of_two": first,
            "colour": STATE_COLOURS[erasure.state],
            "is_open": is_open(erasure),
            "time_left": time_left(erasure),
            "has_letter": step.letter is not None,
            "form": form,
            "button_variant": "primary" if first else step.variant,
            "letter": step.letter(erasure, form.cleaned_data) if step.letter and look else None,
            "impact": impact,
            "nothing": impact is not None and impacts.is_nothing(impact),
            "facts": _weighed(erasure, impact, part, request.user) if impact else [],
            "endorsements": endorsement_facts(erasure, request.user) if impact else [],
            "gap": self._gap(request, erasure, impact, form) if look or not step.letter else "",
            "to_choose": records_to_choose(erasure) if step.name == "approve-part" else [],
        }
        return TemplateResponse(request, step.template, self._context(request, **values))

    def _gap(
        self, request: HttpRequest, erasure: ErasureRequest, impact: Impact | None, form: forms.Form
    ) -> str:
        """Say in what this is not what another person has approved, where two must."""
        if impact is None:
            return ""
        part = part_of(form.cleaned_data) if form.is_bound else None
        return gap_words(erasure, actor=actor_of(request), digest=impact.digest, part=part)

    def _do(
        self, request: HttpRequest, erasure: ErasureRequest, step: Step, form: forms.Form
    ) -> HttpResponse:
        values = form.cleaned_data | {"digest": request.POST.get("digest", "")}
        try:
            step.run(erasure.pk, actor_of(request), values)
        except (IllegalTransitionError, IdentityGoneError):
            erasure.refresh_from_db()
            messages.error(request, too_late(erasure, step))
        except InvalidToken:
            messages.error(request, OTHER_KEY)
        except StepError as error:
            return self._refused(request, erasure, step, form, error)
        else:
            erasure.refresh_from_db()
            self._done(request, erasure, step, values)
        return redirect(CHANGE, erasure.pk)

    def _done(
        self, request: HttpRequest, erasure: ErasureRequest, step: Step, values: dict[str, Any]
    ) -> None:
        if not step.weighs or erasure.status is not State.IN_REVIEW:
            messages.success(request, str(step.done))
            return
        noted = _("Your approval is noted. Nothing is erased before a second person approves.")
        gap = gap_words(
            erasure, actor=actor_of(request), digest=values["digest"], part=part_of(values)
        )
        if gap:
            messages.warning(request, " ".join((noted, gap, _("Both have to approve the same."))))
        else:
            messages.success(request, noted)

    def _refused(
        self,
        request: HttpRequest,
        erasure: ErasureRequest,
        step: Step,
        form: forms.Form,
        error: StepError,
    ) -> HttpResponse:
        """Ask again with what stands in the way, and with the impact as it is now."""
        erasure.refresh_from_db()
        if not step.possible(erasure):
            messages.error(request, too_late(erasure, step))
            return redirect(CHANGE, erasure.pk)
        messages.error(request, str(error))
        look = bool(step.letter) and isinstance(error, ImpactChangedError)
        again = form if step.letter else step.form()
        return self._ask(request, erasure, step, again, look=look)


def _weighed(
    erasure: ErasureRequest, impact: Impact, part: Scope | None, user: User | AnonymousUser
) -> Facts:
    """Return which records are meant, and what approving them would do."""
    if part is None:
        return wanted_facts(erasure, user) + impacts.impact_facts(impact)
    facts: Facts = [(_("Scope"), ScopeKind(part.kind).label), *scope_facts(part)]
    return facts + impacts.impact_facts(impact)
