"""Each step tells the person, the recipients and the controller's systems, in its transaction."""

import json

import pytest
from django.core import mail
from django.db import connection, transaction

from compliance.erasure.errors import StepError
from compliance.erasure.impact import impact_of
from compliance.erasure.models import PauseKind, Recipient, RecipientNotice, Refusal, Step
from compliance.erasure.proving import code_check, code_send
from compliance.erasure.recipients import recipient_save
from compliance.erasure.services import (
    request_approve,
    request_cancel,
    request_confirm_identity,
    request_deny,
    request_expire,
    request_extend,
    request_pause,
    request_unpause,
)
from compliance.jobs.models import DeliveryAttempt, Endpoint, MessageState, OutboxMessage, Outcome
from compliance.jobs.outbox import (
    delivery_tell,
    message_mark_delivered,
    message_mark_failed,
    message_resend,
    payload_of,
)
from compliance.jobs.sending import message_send
from compliance.records.scope import Scope
from compliance.sealing import seal
from tests.erasure.conftest import ALICE, RITA, ask

pytestmark = pytest.mark.django_db
MAILBOX = "alice@example.org"


@pytest.fixture
def request_(at):
    at("2026-01-31T10:00")
    return ask(reachable=True)


def sent(topic) -> OutboxMessage:
    return OutboxMessage.objects.get(topic=topic)


def text_of(topic) -> str:
    message = payload_of(sent(topic))
    assert message.to == MAILBOX
    return message.text


def steps(request) -> list[str]:
    return list(request.events.values_list("step", flat=True))


def deliver(message):
    with transaction.atomic():
        message_mark_delivered(message, status=None)
        delivery_tell(message_id=message.pk)


def give_up(message):
    with transaction.atomic():
        message_mark_failed(message, outcome=Outcome.REJECTED, final=True)


def approve(request):
    digest = impact_of(request).digest
    return request_approve(request_id=request.pk, actor=RITA, digest=digest)


def test_a_receipt_tells_the_due_date_and_where_to_look(request_):
    text = text_of("erasure.receipt")
    assert "Feb. 28, 2026" in text
    assert f"/requests/{request_.pk}/" in text


def test_whom_the_controller_gave_no_address_of_gets_no_mail():
    request = ask()
    request_deny(request_id=request.pk, actor=RITA, article=Refusal.EXCESSIVE, text="No.")
    assert not OutboxMessage.objects.exists()


def test_a_step_that_is_undone_tells_nobody(request_):
    with pytest.raises(StepError):
        request_deny(request_id=request_.pk, actor=RITA, article=Refusal.EXCESSIVE, text=" ")
    assert not OutboxMessage.objects.filter(topic="erasure.denied").exists()


def test_the_language_is_that_of_the_request(request_, at):
    request_.language = "de"
    request_.save(update_fields=["language"])
    request_pause(request_id=request_.pk, actor=RITA, kind=PauseKind.IDENTITY)
    request_unpause(request_id=request_.pk, actor=RITA)
    assert "28. Februar 2026" in text_of("erasure.resumed_clock")


def test_a_code_is_mailed_and_its_mail_opens_the_review():
    request = ask(checked=False, reachable=True)
    code = code_send(request_id=request.pk, actor="subject:")
    assert code in text_of("erasure.code")
    assert code_check(request_id=request.pk, code=code, actor="subject:")
    assert "Article 18" in text_of("erasure.verified")


def test_confirming_the_identity_tells_of_the_restriction():
    request = ask(checked=False, reachable=True)
    request_confirm_identity(request_id=request.pk, actor=RITA)
    assert "Article 18" in text_of("erasure.verified")


def test_an_extension_is_in_force_when_its_notice_is_delivered(request_):
    request_extend(request_id=request_.pk, actor=RITA, reasons="A move of our systems.")
    assert "April 30, 2026" in text_of("erasure.extension")
    request_.refresh_from_db()
    assert str(request_.due_on) == "2026-02-28"
    deliver(sent("erasure.extension"))
    request_.refresh_from_db()
    assert str(request_.due_on) == "2026-04-30"
    assert Step.EXTENDED in steps(request_)


def test_an_extension_whose_notice_comes_back_is_not_in_force(request_):
    request_extend(request_id=request_.pk, actor=RITA, reasons="A move of our systems.")
    give_up(sent("erasure.extension"))
    request_.refresh_from_db()
    assert str(request_.due_on) == "2026-02-28"


def test_an_extension_told_by_letter_sends_no_mail(request_):
    request_extend(request_id=request_.pk, actor=RITA, reasons="A move.", told=True)
    assert not OutboxMessage.objects.filter(topic="erasure.extension").exists()


def test_the_notice_of_another_message_puts_no_extension_in_force(request_):
    request_extend(request_id=request_.pk, actor=RITA, reasons="A move of our systems.")
    deliver(sent("erasure.receipt"))
    request_.refresh_from_db()
    assert str(request_.due_on) == "2026-02-28"


def deny(request):
    request_deny(
        request_id=request.pk, actor=RITA, article=Refusal.LEGAL_CLAIMS, text="A suit is pending."
    )


def cancel(request):
    request_cancel(request_id=request.pk, actor=RITA)


@pytest.mark.parametrize(("end", "topic"), [(deny, "denied"), (cancel, "cancelled")])
def test_a_restriction_is_lifted_after_the_mail_was_delivered(request_, end, topic):
    end(request_)
    assert Step.RESTRICTION_LIFTED not in steps(request_)
    deliver(sent(f"erasure.{topic}"))
    assert steps(request_).count(Step.RESTRICTION_LIFTED) == 1


def test_a_dead_letter_lifts_nothing_before_it_arrives_after_all(request_):
    deny(request_)
    give_up(sent("erasure.denied"))
    assert Step.RESTRICTION_LIFTED not in steps(request_)
    message_resend(message_id=sent("erasure.denied").pk)
    deliver(sent("erasure.denied"))
    assert steps(request_).count(Step.RESTRICTION_LIFTED) == 1


def test_where_there_was_no_restriction_none_is_lifted():
    request = ask(checked=False, reachable=True)
    request_expire(request_id=request.pk)
    deliver(sent("erasure.expired"))
    assert Step.RESTRICTION_LIFTED not in steps(request)


def test_a_refusal_gives_the_article_the_reasons_and_the_remedies(request_):
    deny(request_)
    text = text_of("erasure.denied")
    for words in ("Article 17(3)(e)", "A suit is pending.", "Article 77", "Article 79"):
        assert words in text


def test_the_address_is_forgotten_with_the_request_but_the_mail_is_sent(request_):
    deny(request_)
    request_.refresh_from_db()
    assert request_.contact is None
    message_send(sent("erasure.denied"))
    assert mail.outbox[0].to == [MAILBOX]


def hook(name, **options):
    return Endpoint.objects.create(
        name=name, url="https://shop.example/", secret=seal("whsec_YWJj"), **options
    )


def test_listening_endpoints_hear_every_change_and_of_nobody(request_):
    hook("all", all_changes=True)
    hook("off", all_changes=True, is_active=False)
    hook("recipients only")
    request_pause(request_id=request_.pk, actor=RITA, kind=PauseKind.CLARIFICATION)
    request_unpause(request_id=request_.pk, actor=RITA)
    request_extend(request_id=request_.pk, actor=RITA, reasons="A move.", told=True)
    deny(request_)
    heard = OutboxMessage.objects.filter(topic="erasure.changed").order_by("created_at", "pk")
    assert {message.endpoint.name for message in heard} == {"all"}
    told = [json.loads(payload_of(message).content) for message in heard]
    assert {one["type"] for one in told} == {"erasure.changed"}
    assert sorted(one["data"]["state"] for one in told) == ["denied", *["in_review"] * 3]
    assert {one["data"]["due_on"] for one in told} == {"2026-02-28", "2026-04-30"}
    for one in told:
        assert set(one["data"]) == {
            *("id", "state", "outcome", "due_on", "paused_on", "received_at"),
            *("verified_at", "decided_at", "completed_at"),
        }
        assert "alice" not in json.dumps(one)


def test_an_approval_tells_the_person_and_every_active_recipient(request_):
    endpoint = hook("partner")
    recipient_save(name="Partner", endpoint=endpoint, mail="")
    recipient_save(name="Agency", endpoint=None, mail="agency@example.com")
    recipient_save(name="Former", endpoint=None, mail="former@example.com", is_active=False)
    approve(request_)
    assert "have erased" in text_of("erasure.approved")
    told = {notice.recipient.name: notice.message for notice in RecipientNotice.objects.all()}
    assert set(told) == {"Partner", "Agency"}
    call, letter = payload_of(told["Partner"]), payload_of(told["Agency"])
    content = json.loads(call.content)
    assert content["type"] == "erasure.recipient"
    assert content["data"] == {"id": str(request_.pk), "subject": ALICE}
    assert told["Partner"].endpoint == endpoint
    assert letter.to == "agency@example.com"
    assert f"Person: {ALICE}" in letter.text
    assert "Article 19" in letter.text


def test_a_recipient_is_told_what_part_was_erased():
    recipient_save(name="Partner", endpoint=hook("partner"), mail="")
    recipient_save(name="Agency", endpoint=None, mail="agency@example.com")
    approve(ask(scope=Scope(items=frozenset({"i-1"}))))
    letter, call = (payload_of(notice.message) for notice in RecipientNotice.objects.all())
    assert json.loads(call.content)["data"]["scope"] == {"items": ["i-1"]}
    assert "i-1" in letter.text


def test_how_a_recipient_was_told_is_kept_as_evidence(request_):
    recipient_save(name="Partner", endpoint=hook("partner"), mail="")
    approve(request_)
    message = RecipientNotice.objects.get().message
    with transaction.atomic():
        message_mark_failed(message, outcome=Outcome.TIMEOUT)
    message.refresh_from_db()
    deliver(message)
    assert [attempt.outcome for attempt in DeliveryAttempt.objects.all()] == [
        Outcome.TIMEOUT,
        Outcome.DELIVERED,
    ]
    message.refresh_from_db()
    assert (message.state, message.payload) == (MessageState.DELIVERED, None)


def test_no_table_of_notices_shows_whom_they_are_about(request_):
    recipient_save(name="Agency", endpoint=None, mail="agency@example.com")
    hook("all", all_changes=True)
    approve(request_)
    for table in ("jobs_outboxmessage", "erasure_recipientnotice", "jobs_job", "erasure_recipient"):
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT string_agg({table}::text, ' ') FROM {table}")
            row = cursor.fetchone()[0]
        assert row
        assert "alice" not in row
        assert "agency@" not in row


@pytest.mark.parametrize(
    ("endpoint", "address", "why"),
    [(False, "", "either"), (True, "a@example.org", "either"), (False, "nobody", "none")],
)
def test_a_recipient_is_told_in_one_way(endpoint, address, why):
    with pytest.raises(StepError, match=why):
        recipient_save(name="P", endpoint=hook("p") if endpoint else None, mail=address)
    assert not Recipient.objects.exists()
