"""Certificates in the admin: the exact bytes, and the verifier's word on them."""

import pytest
from django.urls import reverse

from compliance.evidence.models import Certificate
from compliance.records.models import Subject
from tests.admin.conftest import ALICE, make_certificate, make_request
from tests.approving import approve

pytestmark = pytest.mark.django_db


@pytest.fixture
def certificate(erasure) -> Certificate:
    """Alice's erasure, retrained and replayed by stand-ins for the workers."""
    return make_certificate(erasure)


def url(page, certificate):
    return reverse(f"admin:evidence_certificate_{page}", args=[certificate.pk])


def test_it_is_handed_out_byte_for_byte(login, certificate):
    response = login("anna").get(url("download", certificate))
    assert response.content == bytes(certificate.envelope)
    assert f"certificate-{certificate.pk}.json" in response["Content-Disposition"]


def test_its_page_shows_what_it_says_and_names_nobody(login, certificate):
    html = login("otto").get(url("change", certificate)).content.decode()
    assert "https://in-toto.io/Statement/v1" in html
    assert ALICE not in html


def test_verification_lists_every_check(login, certificate):
    response = login("anna").post(url("verify", certificate))
    checks = {check.name: check.passed for check in response.context["checks"]}
    assert checks["signature"]
    assert response.context["passed"] == all(checks.values())
    assert login("anna").get(url("verify", certificate)).status_code == 405


def test_the_finished_request_leads_to_it(login, certificate):
    page = reverse("admin:erasure_erasurerequest_change", args=[certificate.request_id])
    html = login("rita").get(page).content.decode()
    assert url("download", certificate) in html
    assert certificate.digest in html
    assert "Show identifier" not in html


def test_a_later_retraining_of_the_shard_is_not_shown_as_its_work(login, certificate):
    touched = certificate.request.touched.get()
    neighbour = Subject.objects.filter(prompts__shard=touched.shard).first()
    later = make_request(subject=neighbour.external_id)
    approve(later)
    page = reverse("admin:erasure_erasurerequest_change", args=[certificate.request_id])
    response = login("rita").get(page)
    adapters_shown = {entry.job.target for entry in response.context["work"]}
    assert str(later.touched.get().successor().pk) not in adapters_shown
    assert "hx-get" not in response.content.decode().split('id="progress"')[1].split(">")[0]


def test_without_a_role_it_is_refused(login, certificate):
    nora = login("nora")
    assert nora.get(url("download", certificate)).status_code == 403
    assert nora.post(url("verify", certificate)).status_code == 403
