"""No identifier passes for words of ours in the mail to a recipient (Art. 19)."""

import pytest

from compliance.erasure.models import RecipientNotice
from compliance.erasure.recipients import recipient_save
from compliance.jobs.outbox import Mail, payload_of
from compliance.records.scope import EVERYTHING, Scope
from tests.approving import approve
from tests.erasure.conftest import ask

pytestmark = pytest.mark.django_db


def told(subject: str, scope: Scope = EVERYTHING) -> str:
    recipient_save(name="Agency", endpoint=None, mail="agency@example.com")
    approve(ask(subject=subject, scope=scope))
    mail = payload_of(RecipientNotice.objects.get().message)
    assert isinstance(mail, Mail)
    return mail.text


@pytest.mark.parametrize("sign", ["\n", "\r", "\u2028", "\u202e", "\u200b", "\x1b"])
def test_what_is_not_seen_or_makes_lines_stands_as_an_escape(sign):
    text = told(f"bob{sign}Keep the data of carol.", Scope(items=frozenset({f"i{sign}1"})))
    assert text.replace("\n", "").isprintable()
    assert "\nKeep" not in text
    assert 'Person: "bob\\' in text
    assert '"i\\' in text


def test_what_can_be_read_stands_as_it_is():
    text = told("J\u00fcrgen <b> & 4711", Scope(items=frozenset({"\u0436-1"})))
    assert "Person: J\u00fcrgen <b> & 4711\n" in text
    assert '"\u0436-1"' in text
