"""The status page: what happens now, by when, and what was decided."""

import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from django.conf import settings
from django.db import transaction

from compliance.erasure.following import request_fail
from compliance.erasure.links import status_path, status_token
from compliance.erasure.models import PauseKind, Refusal
from compliance.erasure.parts import Part
from compliance.erasure.proving import code_send
from compliance.erasure.services import (
    request_cancel,
    request_confirm_identity,
    request_deny,
    request_expire,
    request_extend,
    request_pause,
    request_unpause,
)
from compliance.evidence.keys import PUBLIC_NAME
from compliance.evidence.services import certificate_issue
from compliance.provenance.releases import serving_lock
from compliance.records.scope import Scope
from tests.approving import approve
from tests.erasure.conftest import ask as ask_by_api
from tests.portal.conftest import ALICE, BOB, asked, page_of, verified

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("customers")]
RITA = "user:1"


def finish(request):
    """Issue the certificate: no plan is active, so nothing has learned."""
    with transaction.atomic():
        serving_lock()
        return certificate_issue(request_id=request.pk, actor="system:test")


def deny(request, article=Refusal.LEGAL_OBLIGATION, text="We must keep invoices <b>ten</b> years."):
    request_deny(request_id=request.pk, actor=RITA, article=article, text=text)


@pytest.mark.parametrize("path", ["x", "x" * 43, "%00", "token/certificate", "token/cancel"])
def test_a_wrong_link_leads_nowhere(person, path):
    request = asked(person)
    response = person.get(f"/requests/{request.pk}/{path}")
    assert response.status_code == 404
    assert "There is nothing here" in response.content.decode()


def test_an_unknown_number_is_answered_as_a_wrong_link(person):
    request, stranger = asked(person), uuid.uuid4()
    wrong = person.get(f"/requests/{request.pk}/{'x' * 43}")
    unknown = person.get(f"/requests/{stranger}/{status_token(stranger)}")
    assert wrong.status_code == unknown.status_code == 404
    names = (str(request.pk), str(stranger), "x" * 43, status_token(stranger))
    cleaned = [bare(one.content.decode(), *names) for one in (wrong, unknown)]
    assert cleaned[0] == cleaned[1]


def bare(html, *names):
    for name in names:
        html = html.replace(name, "")
    return html.replace("\n", "").partition("<main")[2]


def test_what_was_asked_and_by_when(person, at):
    at("2026-01-31T10:00")
    request = asked(person, scope="period", first="2025-01-01", last="2025-06-30")
    html = page_of(person, request)
    assert "<strong>Feb. 28, 2026</strong> (28 days left)" in html
    assert "What is from Jan. 1, 2025 to June 30, 2025" in html
    assert str(request.pk) in html
    assert ALICE not in html
    at("2026-02-28T10:00")
    assert "(today)" in page_of(person, request)
    at("2026-03-01T10:00")
    html = page_of(person, request)
    assert "(1 day late)" in html
    assert "supervisory authority" in html


def test_the_day_is_that_of_the_controller(person, at):
    at("2026-01-31T00:30")  # the day before in Greenwich
    html = page_of(person, asked(person))
    assert "Feb. 28, 2026" in html
    assert "Europe/Berlin" in html
    assert "Jan. 31, 2026, 12:30 a.m." in html


def test_a_pause_is_shown_with_the_day_without_it(person, at):
    at("2026-01-31T10:00")
    request = asked(person)
    at("2026-02-10T10:00")
    request_pause(request_id=request.pk, actor=RITA, kind=PauseKind.CLARIFICATION)
    html = page_of(person, request)
    assert "Since Feb. 10, 2026 the time stands still" in html
    assert "what exactly we shall erase" in html
    at("2026-02-15T10:00")
    request_unpause(request_id=request.pk, actor=RITA)
    html = page_of(person, request)
    assert "From Feb. 10, 2026 to Feb. 15, 2026" in html
    assert "<strong>March 5, 2026</strong>" in html
    assert "<dd>Feb. 28, 2026</dd>" in html


def test_an_extension_is_shown_with_its_reasons_once_it_is_in_force(person):
    request = verified(person, asked(person))
    request_extend(request_id=request.pk, actor=RITA, reasons="So many requests.")
    assert "So many requests." not in page_of(person, request)
    other = verified(person, asked(person))
    request_extend(request_id=other.pk, actor=RITA, reasons="So many requests.", told=True)
    html = page_of(person, other)
    assert "So many requests." in html
    assert "Article 12(3) GDPR" in html
    assert "judicial remedy" in html


def test_reasons_of_an_extension_are_for_the_person_only(person):
    request = asked(person)
    request_extend(request_id=request.pk, actor=RITA, reasons="So many orders.", told=True)
    assert "So many orders." not in page_of(person, request)


def test_records_are_counted_only_once_the_identity_is_known(person):
    request = asked(person)
    assert "Records that this is about" not in page_of(person, request)
    verified(person, request)
    assert "<dt>Records that this is about</dt><dd>1</dd>" in page_of(person, request)


def test_a_refusal_gives_article_text_and_remedies(person):
    request = verified(person, asked(person))
    deny(request)
    html = page_of(person, request)
    assert "We refuse your request" in html
    assert "Article 17(3)(b) GDPR" in html
    assert "We must keep invoices &lt;b&gt;ten&lt;/b&gt; years." in html
    assert "supervisory authority" in html
    assert "judicial remedy" in html


@pytest.mark.parametrize("article", sorted(Refusal))
def test_who_is_not_known_to_be_the_person_learns_nothing_from_a_refusal(person, article):
    request = asked(person)
    deny(request, Refusal(article), "About your data.")
    html = page_of(person, request)
    tells = article in {Refusal.NOT_IDENTIFIABLE, Refusal.EXCESSIVE}
    assert ("About your data." in html) is tells
    assert ("The reasons are only for the person" in html) is not tells
    assert "supervisory authority" in html


def test_an_erasure_is_shown_with_its_certificate(person):
    request = verified(person, asked(person))
    approve(request)
    html = page_of(person, request)
    assert "Your data has been erased" in html
    assert "<dt>Records erased</dt><dd>1</dd>" in html
    assert "Download the certificate" not in html
    certificate = finish(request)
    html = page_of(person, request)
    assert "Download the certificate" in html
    response = person.get(status_path(request.pk) + "/certificate")
    assert response.content == bytes(certificate.envelope)
    assert f"erasure-{request.pk}.dsse.json" in response.headers["Content-Disposition"]
    assert f"erasure-{request.pk}.dsse.json --key" in html


def test_the_program_that_checks_it_is_handed_out_and_accepts_it(person, tmp_path):
    request = verified(person, asked(person))
    approve(request)
    (tmp_path / "certificate.json").write_bytes(bytes(finish(request).envelope))
    (tmp_path / "verifier.py").write_bytes(person.get("/requests/verifier.py").content)
    key = Path(settings.KEYS_DIR, PUBLIC_NAME)
    command = [sys.executable, "verifier.py", "certificate.json", "--key", str(key)]
    assert subprocess.run(command, cwd=tmp_path, check=False).returncode == 0


def test_without_a_certificate_there_is_none_to_download(person):
    request = asked(person)
    assert person.get(status_path(request.pk) + "/certificate").status_code == 404


def test_a_part_that_was_refused_is_said(person):
    request = verified(person, asked(person))
    part = Part(Scope(items=frozenset({"i-2"})), Refusal.LEGAL_CLAIMS, "We are in court.")
    approve(request, part=part)
    html = page_of(person, request)
    assert "A part of your data has been erased" in html
    assert "What we do not erase, and why" in html
    assert "We are in court." in html


def test_a_failure_of_ours_is_told_without_alarm(person):
    request = verified(person, asked(person))
    approve(request)
    request_fail(request_id=request.pk, note="The disk was full.")
    html = page_of(person, request)
    assert "somebody is looking into it" in html
    assert "disk" not in html


@pytest.mark.parametrize(
    ("end", "words"),
    [(request_expire, "The request has ended"), (request_cancel, "was taken back")],
)
def test_an_end_without_an_erasure_is_told(person, end, words):
    request = asked(person)
    end(request_id=request.pk, actor="system:clock")
    html = page_of(person, request)
    assert words in html
    assert "Nothing has been erased" in html
    assert "Until when" not in html


def test_the_history_names_no_reviewer_and_no_inner_step(person):
    request = asked(person)
    request_confirm_identity(request_id=request.pk, actor=RITA)
    html = page_of(person, request)
    assert "We were sure that it is you." in html
    assert "user:" not in html
    assert "code_sent" not in html


def test_a_request_of_another_channel_has_a_page_too(person):
    request = ask_by_api(checked=False, subject=BOB)
    assert "Please confirm that it is you" in page_of(person, request)
    code_send(request_id=request.pk, actor="client:1")
    assert "Please confirm that it is you" in page_of(person, request)
