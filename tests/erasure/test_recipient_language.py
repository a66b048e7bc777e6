"""Recipients are written to in their language."""

import pytest
from django.db import DatabaseError, transaction
from django.utils import translation

from compliance.erasure.errors import StepError
from compliance.erasure.impact import impact_of
from compliance.erasure.models import Recipient, RecipientNotice
from compliance.erasure.recipients import recipient_save
from compliance.erasure.services import request_approve
from compliance.jobs.outbox import Mail, payload_of
from compliance.records.scope import EVERYTHING, Scope
from tests.erasure.conftest import ALICE, RITA, ask

pytestmark = pytest.mark.django_db
ENGLISH = "We have disclosed personal data to you."
GERMAN = "Wir haben Ihnen personenbezogene Daten offengelegt."


def told(language: str, *, scope: Scope = EVERYTHING) -> Mail:
    """Return the mail to a recipient of that language."""
    recipient_save(name="Agency", endpoint=None, mail="agency@example.com", language=language)
    request = ask(scope=scope)
    request_approve(request_id=request.pk, actor=RITA, digest=impact_of(request).digest)
    mail = payload_of(RecipientNotice.objects.get().message)
    assert isinstance(mail, Mail)
    return mail


def test_a_mail_is_in_the_language_of_the_recipient():
    mail = told("de", scope=Scope(items=frozenset({"i-1"})))
    assert mail.subject == "Löschung personenbezogener Daten, die Sie erhalten haben"
    assert GERMAN in mail.text
    assert ENGLISH not in mail.text
    assert f"Person: {ALICE}" in mail.text
    assert "Nur dieser Teil wurde gelöscht:" in mail.text
    assert "i-1" in mail.text


@pytest.mark.parametrize(
    ("site", "chosen", "words"),
    [("en", "", ENGLISH), ("de", "", GERMAN), ("de", "en", ENGLISH)],
)
def test_without_a_language_of_its_own_it_is_the_installations(settings, site, chosen, words):
    settings.LANGUAGE_CODE = site
    assert words in told(chosen).text


def test_the_language_of_whoever_approves_is_not_that_of_the_mail():
    with translation.override("de"):
        assert ENGLISH in told("en").text


def test_a_language_that_no_mail_is_written_in_is_refused():
    with pytest.raises(StepError, match=r"“fr”. Choose one of: en, de"):
        recipient_save(name="Agency", endpoint=None, mail="agency@example.com", language="fr")
    recipient = recipient_save(name="Agency", endpoint=None, mail="agency@example.com")
    with pytest.raises(DatabaseError), transaction.atomic():
        Recipient.objects.filter(pk=recipient.pk).update(language="fr")
