"""Keep the list of those who get records from the controller, and are told of erasures."""

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from compliance.erasure.errors import StepError
from compliance.erasure.models import Recipient
from compliance.jobs.models import Endpoint
from compliance.records.models import Language
from compliance.sealing import seal, unseal


class RecipientError(StepError):
    """Nobody who can be told."""


def recipient_save(
    *,
    recipient: Recipient | None = None,
    name: str,
    endpoint: Endpoint | None,
    mail: str,
    language: str = "",
    is_active: bool = True,
) -> Recipient:
    """Add a recipient or change one: it is told by webhook, or by mail in its `language`.

    Without one mails are in the site's. Raise `RecipientError`.
    """
    if bool(endpoint) == bool(mail):
        raise RecipientError(_("Name either an endpoint or a mail address."))
    try:
        if mail:
            validate_email(mail)
    except ValidationError:
        raise RecipientError(_("The mail address is none. Give one like name@host.")) from None
    if language not in ("", *Language.values):
        raise RecipientError(
            _("There are no mails in the language “%(language)s”. Choose one of: %(known)s.")
            % {"language": language, "known": ", ".join(Language.values)}
        )
    recipient = recipient or Recipient()
    recipient.name, recipient.endpoint, recipient.is_active = name, endpoint, is_active
    recipient.mail, recipient.language = seal(mail) if mail else None, language
    recipient.save()
    return recipient


def recipient_mail(recipient: Recipient) -> str:
    """Return the address that the recipient is told at, empty for one with an endpoint."""
    return unseal(recipient.mail).decode() if recipient.mail else ""
