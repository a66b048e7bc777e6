"""GET /api/v1/erasure-requests/{id}/certificate."""

import uuid
from hashlib import sha256

import pytest

from compliance.erasure.models import Channel, ErasureRequest, Ground
from compliance.erasure.services import request_receive
from compliance.evidence.models import Certificate
from tests.api.conftest import Caller, is_problem

ENVELOPE = b'{"payload":"AA==" , "payloadType":"application/vnd.in-toto+json","signatures":[]}\n'
DIGEST = f"sha256:{sha256(ENVELOPE).hexdigest()}"
MEDIA_TYPE = "application/vnd.dsse.envelope.v1+json"


@pytest.fixture
def request_(db: None) -> ErasureRequest:
    return request_receive(
        subject="alice",
        channel=Channel.API,
        ground=Ground.OBJECTION,
        actor="client:1",
    )


@pytest.fixture
def certificate(request_: ErasureRequest) -> Certificate:
    return Certificate.objects.create(
        request=request_, envelope=ENVELOPE, digest=DIGEST, key_id="k"
    )


def url(request: ErasureRequest) -> str:
    return f"/api/v1/erasure-requests/{request.pk}/certificate"


def test_it_needs_a_key(stranger: Caller, certificate: Certificate) -> None:
    assert is_problem(stranger.get(url(certificate.request)), 401)


def test_it_needs_the_scope(outsider: Caller, certificate: Certificate) -> None:
    assert is_problem(outsider.get(url(certificate.request)), 403)


@pytest.mark.parametrize("accept", ["*/*", "application/json", MEDIA_TYPE])
def test_it_gives_the_bytes_as_issued(shop: Caller, certificate: Certificate, accept: str) -> None:
    response = shop.get(url(certificate.request), accept=accept)
    assert response.status_code == 200
    assert response.content == ENVELOPE
    assert response.headers["Content-Type"] == MEDIA_TYPE
    assert response.headers["ETag"] == f'"{DIGEST}"'
    assert response.headers["Content-Disposition"].startswith("attachment; filename=")


def test_who_has_it_already_gets_a_304(shop: Caller, certificate: Certificate) -> None:
    response = shop.get(url(certificate.request), **{"if-none-match": f'"{DIGEST}"'})
    assert (response.status_code, response.content) == (304, b"")


def test_the_request_links_to_it(shop: Caller, certificate: Certificate) -> None:
    answer = shop.get(f"/api/v1/erasure-requests/{certificate.request_id}").json()
    assert answer["links"]["certificate"].endswith(url(certificate.request))


def test_while_there_is_none_it_says_why(shop: Caller, request_: ErasureRequest) -> None:
    response = shop.get(url(request_), accept=MEDIA_TYPE)
    assert is_problem(response, 404)
    assert "awaiting_identity" in response.json()["detail"]


def test_an_unknown_request_is_a_404(shop: Caller) -> None:
    response = shop.get(f"/api/v1/erasure-requests/{uuid.uuid4()}/certificate")
    assert is_problem(response, 404)
