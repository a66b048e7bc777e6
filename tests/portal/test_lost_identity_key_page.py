"""The status page under another identity key than the one its request was sealed with."""

import pytest

from compliance import sealing
from compliance.erasure.links import status_path
from compliance.erasure.services import request_confirm_identity
from tests.portal.conftest import ALICE, asked

SOME = {"scope": "period", "first": "2020-01-01", "last": "2030-01-01"}


@pytest.mark.parametrize("wish", [{}, SOME])
def test_it_opens_and_counts_no_records(person, customers, monkeypatch, wish):
    request = asked(person, ALICE, **wish)
    request_confirm_identity(request_id=request.pk, actor="user:1")
    path = status_path(request.pk)
    assert b"Records that this is about" in person.get(path).content
    monkeypatch.setattr(sealing, "secret", lambda key: b"another key, of 32 bytes as well")
    answer = person.get(path)
    assert answer.status_code == 200
    assert b"Records that this is about" not in answer.content
