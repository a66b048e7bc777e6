"""A person who reads German finds no sentence of ours in English: pages and mails."""

import pytest
from django.db import transaction

from compliance.erasure.law import WORDS
from compliance.erasure.letters import NEEDED, POSSIBLE, NoticeKind, letter
from compliance.erasure.links import status_path
from compliance.erasure.models import PauseKind, Refusal
from compliance.erasure.services import (
    request_confirm_identity,
    request_deny,
    request_extend,
    request_pause,
)
from compliance.evidence.services import certificate_issue
from compliance.provenance.releases import serving_lock
from tests.approving import approve
from tests.erasure.conftest import ask as ask_by_api
from tests.handing_off import hand_off_token
from tests.i18n.reading import english_left, seen
from tests.portal.conftest import ALICE, ask, asked

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("customers")]
RITA = "user:1"
FACTS = {
    "code": "12345678",
    "minutes": 15,
    "reason": "Zwei unserer Systeme ziehen um.",
    "for_identity": True,
    "article": WORDS[Refusal.LEGAL_OBLIGATION],
    "text": "Wir müssen Rechnungen zehn Jahre aufbewahren.",
}


def page(browser, path: str, status: int = 200) -> str:
    response = browser.get(path)
    assert response.status_code == status
    html = response.content.decode()
    assert '<html lang="de">' in html
    assert not english_left(seen(html))
    return seen(html)


def test_the_first_pages(ada):
    assert "Art. 17 der Datenschutz-Grundverordnung (DSGVO)" in page(ada, "/requests/")
    assert "Ich habe meinen Link verloren" in page(ada, "/requests/lost")
    assert "Löschung Ihrer Daten beantragen" in page(
        ada, f"/hand-off?token={hand_off_token(ALICE, 'n')}"
    )
    assert "Hier ist nichts" in page(ada, "/requests/nowhere", 404)


def test_a_form_with_mistakes_says_so_in_german(ada):
    html = ask(ada, "", scope="period").content.decode()
    assert "Geben Sie an, wie" not in html
    assert not english_left(seen(html))
    assert "Geben Sie den ersten Tag des Zeitraums an." in seen(html)


def test_the_status_page_from_the_code_to_an_extension(ada):
    request = asked(ada)
    assert "Code eingeben" in page(ada, status_path(request.pk))
    request_confirm_identity(request_id=request.pk, actor=RITA)
    text = page(ada, status_path(request.pk))
    assert "(Art. 17 Abs. 1 lit. b DSGVO)" in text
    assert "Art. 18 DSGVO" in text
    page(ada, f"{status_path(request.pk)}/cancel")
    request_extend(request_id=request.pk, actor=RITA, reasons="Umzug.", told=True)
    request_pause(request_id=request.pk, actor=RITA, kind=PauseKind.CLARIFICATION)
    assert "Fristverlängerung um zwei weitere Monate" in page(ada, status_path(request.pk))


def test_the_status_page_of_a_refusal(ada):
    request = asked(ada)
    request_confirm_identity(request_id=request.pk, actor=RITA)
    request_deny(
        request_id=request.pk, actor=RITA, article=Refusal.LEGAL_OBLIGATION, text=FACTS["text"]
    )
    text = page(ada, status_path(request.pk))
    assert "bei einer Aufsichtsbehörde Beschwerde einlegen" in text
    assert "gerichtlichen Rechtsbehelf" in text


def test_the_status_page_of_an_erasure(ada):
    request = asked(ada)
    request_confirm_identity(request_id=request.pk, actor=RITA)
    request.refresh_from_db()
    approve(request)
    page(ada, status_path(request.pk))
    with transaction.atomic():
        serving_lock()
        certificate_issue(request_id=request.pk, actor="system:test")
    assert "So prüfen Sie es ohne uns" in page(ada, status_path(request.pk))


@pytest.mark.parametrize("kind", NoticeKind)
@pytest.mark.parametrize("part", [False, True])
def test_every_mail(kind, part, at):
    at("2026-01-31T10:00")
    request = ask_by_api(reachable=True)
    request.language = "de"
    names = NEEDED.get(kind, frozenset()) | (POSSIBLE.get(kind, frozenset()) if part else set())
    facts = {"due_on": request.due_on} | FACTS
    written = letter(kind, request, link="https://x/", facts={name: facts[name] for name in names})
    whole = f"{written.subject}\n{written.text}"
    assert whole.count("Guten Tag,") == 1
    assert not english_left(" ".join(whole.split()))
    assert "GDPR" not in whole
    if kind is NoticeKind.RECEIPT:
        assert "31. Januar 2026" in whole
        assert "28. Februar 2026" in whole
