"""Send one message, and say in one word how it went. No word and no log says to whom."""

import http.client
import logging
import smtplib
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parseaddr

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.core.mail import EmailMessage

from compliance.jobs.addresses import AddressError, SlowResolverError
from compliance.jobs.calling import SlowAnswerError, webhook_post
from compliance.jobs.models import OutboxMessage, Outcome
from compliance.jobs.outbox import Mail, Webhook, payload_of
from compliance.jobs.signing import signature
from compliance.sealing import unseal

logger = logging.getLogger(__name__)

OUTCOMES: tuple[tuple[type[Exception], Outcome], ...] = (
    (InvalidToken, Outcome.UNREADABLE),
    (SlowResolverError, Outcome.TIMEOUT),
    (AddressError, Outcome.ADDRESS),
    (SlowAnswerError, Outcome.TIMEOUT),
    (TimeoutError, Outcome.TIMEOUT),
    (ssl.SSLError, Outcome.TLS),
    (smtplib.SMTPRecipientsRefused, Outcome.REJECTED),
    (smtplib.SMTPResponseException, Outcome.ANSWERED),
    (smtplib.SMTPException, Outcome.UNREACHABLE),
    (http.client.HTTPException, Outcome.UNREACHABLE),
    (OSError, Outcome.UNREACHABLE),
)


@dataclass(frozen=True)
class Sent:
    """How it went; `final` says that another attempt would go no better."""

    outcome: Outcome
    status: int | None = None
    final: bool = False


def message_send(message: OutboxMessage) -> Sent:
    """Send the message. Whatever goes wrong is in the answer: errors may quote addresses."""
    try:
        payload = payload_of(message)
        if isinstance(payload, Mail):
            _mail(message, payload)
            return Sent(Outcome.DELIVERED)
        status = _call(message, payload)
    except Exception as error:
        logger.warning("Message %s was not delivered: %s.", message.pk, type(error).__name__)
        return _fault(error)
    return Sent(Outcome.DELIVERED if 200 <= status < 300 else Outcome.ANSWERED, status)


def _mail(message: OutboxMessage, mail: Mail) -> None:
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].partition("@")[2]
    headers = {
        "Message-ID": f"<{message.pk}@{domain}>",  # the same each time: repetitions are known
        "Auto-Submitted": "auto-generated",
    }
    EmailMessage(mail.subject, mail.text, to=[mail.to], headers=headers).send()


def _call(message: OutboxMessage, call: Webhook) -> int:
    headers = {"Content-Type": "application/json", "User-Agent": "Lethe"} | call.headers
    if message.endpoint is None:
        return webhook_post(call.url, call.content, headers)
    timestamp = int(datetime.now(UTC).timestamp())
    headers |= {
        "webhook-id": str(message.pk),
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(
            unseal(message.endpoint.secret).decode(),
            message_id=str(message.pk),
            timestamp=timestamp,
            body=call.content,
        ),
    }
    return webhook_post(message.endpoint.url, call.content, headers)


def _fault(error: Exception) -> Sent:
    outcome = next((word for kind, word in OUTCOMES if isinstance(error, kind)), Outcome.FAILED)
    status = error.smtp_code if isinstance(error, smtplib.SMTPResponseException) else None
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        status = max((code for code, _ in error.recipients.values()), default=None)
    return Sent(outcome, status, final=outcome is Outcome.REJECTED and (status or 0) >= 500)
