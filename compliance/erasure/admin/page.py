"""What stands on the page of one request."""

from typing import Any

from cryptography.fernet import InvalidToken
from django.contrib.auth.models import AnonymousUser, User
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from compliance.accounts.admin_base import digest_code
from compliance.erasure.admin.history import opened
from compliance.erasure.admin.scopes import scope_facts
from compliance.erasure.admin.words import day, is_open, moment, number_of, time_left
from compliance.erasure.identity import scope_decrypt
from compliance.erasure.models import ErasureRequest, Extension
from compliance.erasure.notices import ending_notice
from compliance.erasure.services.timing import request_due_on
from compliance.jobs.models import MessageState, OutboxMessage
from compliance.provenance.learning import Facts
from compliance.records.models import Restriction

CHANGE = "admin:erasure_erasurerequest_change"
LINKS_SHOWN = 20


def asked_facts(request: ErasureRequest, user: User | AnonymousUser) -> Facts:
    """Return what the person asks for, and where. A scope names personal data."""
    facts: Facts = [
        (_("Request"), str(request.pk)),
        (_("Ground"), request.get_ground_display()),
        *wanted_facts(request, user),
        (_("Channel"), request.get_channel_display()),
    ]
    if request.source:
        facts.append((_("Made first at"), request.source))
    if request.submitted_at:
        facts.append((_("Made there"), moment(request.submitted_at)))
    shown = request.get_identity_method_display()
    facts.append((_("Identity"), shown or _("not shown yet")))
    told = _("by mail") if request.contact else _("only on the status page: no address is known")
    if is_open(request):
        facts.append((_("The person is told"), told))
    return [*facts, *_relatives(request)]


def wanted_facts(request: ErasureRequest, user: User | AnonymousUser) -> Facts:
    """Return which records are asked for; which exactly, for those who may see identities."""
    facts: Facts = [(_("Scope"), request.get_scope_kind_display())]
    if request.scope and user.has_perm("erasure.view_identity"):
        try:
            facts += scope_facts(scope_decrypt(request.scope))
        except InvalidToken:
            facts.append((_("Which exactly"), _("Encrypted with another identity key")))
    return facts


def _relatives(request: ErasureRequest) -> Facts:
    """Return the requests that this one is linked with."""
    facts: Facts = []
    if request.duplicate_of_id:
        facts.append((_("Duplicate of"), _links([request.duplicate_of])))
    duplicates = list(request.duplicates.by_urgency()[:LINKS_SHOWN])
    if duplicates:
        facts.append((_("Its duplicates"), _links(duplicates)))
    if request.reopens_id:
        facts.append((_("Reopens"), _links([request.reopens])))
    reopened = list(request.reopened_by.order_by("received_at")[:LINKS_SHOWN])
    if reopened:
        facts.append((_("Reopened by"), _links(reopened)))
    return facts


def _links(requests: list[Any]) -> SafeString:
    rows = [
        (reverse(CHANGE, args=[one.pk]), number_of(one), one.get_state_display())
        for one in requests
    ]
    return format_html_join(", ", '<a class="text-link underline" href="{}">{}</a> ({})', rows)


def clock_facts(request: ErasureRequest) -> Facts:
    """Return the legal clock: Art. 12(3)."""
    left = f", {time_left(request)}" if is_open(request) else ""
    facts: Facts = [
        (_("Received"), moment(request.received_at)),
        (_("Identity verified"), moment(request.verified_at)),
        (_("Decided"), moment(request.decided_at)),
        (_("Completed"), moment(request.completed_at)),
        (_("Due"), f"{day(request.due())}{left}"),
    ]
    pauses = list(request.pauses.all())
    if pauses:
        facts.append((_("Due without pauses"), day(request_due_on(request, paused=False))))
        facts.append((_("Pauses"), _pauses(pauses)))
    facts += _extension(Extension.objects.filter(request=request).first())
    return [*facts, (_("Time zone of the deadline"), timezone.get_default_timezone_name())]


def _pauses(pauses: list[Any]) -> SafeString:
    rows = [
        (
            day(one.started_on),
            day(one.ended_on) if one.ended_on else _("today"),
            one.get_kind_display(),
        )
        for one in pauses
    ]
    return format_html_join(SafeString("<br>"), "{} – {}: {}", rows)


def _extension(extension: Extension | None) -> Facts:
    if extension is None:
        return []
    if extension.in_force_at:
        state = _("In force since %(when)s") % {"when": moment(extension.in_force_at)}
    else:
        state = _("Decided on %(when)s. Not in force: the person has not been told yet") % {
            "when": moment(extension.decided_at)
        }
    return [(_("Extension"), state), (_("Its reasons"), as_written(opened(extension.reasons)))]


def restriction_facts(request: ErasureRequest) -> Facts:
    """Return what rests meanwhile: Art. 18. Empty if nothing is restricted."""
    row = Restriction.objects.filter(request_id=request.pk).first()
    if row is None:
        return []
    return [
        (_("Restricted since"), moment(row.since)),
        (_("Records that came in since and wait"), row.parked.count()),
        (
            _("What that means"),
            _("The records are not trained on and not used for recommendations: Art. 18."),
        ),
    ]


def untold_words(request: ErasureRequest) -> str:
    """Say why the restriction of an ended request stands and what to do; empty if none does."""
    if not ErasureRequest.objects.untold().filter(pk=request.pk).exists():
        return ""
    stays = _("The records stay restricted until the person has been told: Art. 18(3).")
    return " ".join((stays, _why_untold(ending_notice(request)), _what_to_do()))


def _why_untold(notice: OutboxMessage | None) -> str:
    if notice is None:
        return _("No mail was sent, for no address was known.")
    if notice.state == MessageState.DEAD:
        return _("The mail could not be delivered: it is a dead letter, and can be sent again.")
    if notice.state == MessageState.CANCELLED:
        return _("The mail could not be delivered and has been given up.")
    return _("The mail has not been delivered yet.")


def _what_to_do() -> str:
    return _(
        "If you tell the person otherwise, by letter or telephone, say so with “The person was "
        "told”."
    )


def answer_facts(request: ErasureRequest) -> Facts:
    """Return what was refused and why, as the person was told."""
    answer = getattr(request, "answer", None)
    if answer is None:
        return []
    return [
        (_("Article"), answer.get_article_display()),
        (_("Told to the person"), as_written(opened(answer.text))),
        (_("Written"), moment(answer.written_at)),
    ]


def as_written(text: str) -> SafeString:
    return format_html_join(SafeString("<br>"), "{}", ((line,) for line in text.splitlines()))


def erased_facts(request: ErasureRequest) -> Facts:
    """Return how much was erased, and the releases before, during and after the retraining."""
    return [
        (_("Outcome"), request.get_outcome_display() or _("not yet")),
        (_("Before the approval"), digest_code(request.release_before)),
        (_("While retraining"), digest_code(request.release_interim)),
        (_("Since completion"), digest_code(request.release_after)),
    ]
