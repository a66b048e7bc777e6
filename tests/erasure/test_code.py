"""A code to the address that the controller supplied shows who asks."""

import pytest
from django.db import connection

from compliance.erasure.errors import TooManyCodesError
from compliance.erasure.models import IdentityCode, IdentityMethod
from compliance.erasure.proving import MOST_ATTEMPTS, MOST_CODES, code_check, code_send
from compliance.erasure.services import request_cancel, request_confirm_identity
from compliance.erasure.states import IllegalTransitionError, State
from tests.erasure.conftest import RITA, ask

pytestmark = pytest.mark.django_db
SUBJECT = "subject:"


@pytest.fixture
def request_(at):
    at("2026-03-05T10:00")
    return ask(checked=False, reachable=True)


def send(request) -> str | None:
    return code_send(request_id=request.pk, actor=SUBJECT)


def check(request, code: str) -> bool:
    return code_check(request_id=request.pk, code=code, actor=SUBJECT)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**8:08}"


def test_the_right_code_brings_the_request_into_review(request_):
    code = send(request_)
    assert len(code) == 8
    assert check(request_, f" {code} ")
    request_.refresh_from_db()
    assert request_.status is State.IN_REVIEW
    assert request_.identity_method == IdentityMethod.CODE


def test_only_a_keyed_digest_of_it_is_kept(request_):
    code = send(request_)
    with connection.cursor() as cursor:
        cursor.execute("SELECT erasure_identitycode::text FROM erasure_identitycode")
        assert code not in cursor.fetchone()[0]


def test_after_five_wrong_codes_the_right_one_is_void(request_):
    code = send(request_)
    for _ in range(MOST_ATTEMPTS):
        assert not check(request_, wrong(code))
    assert not check(request_, code)
    assert "codes_used_up" in request_.events.values_list("step", flat=True)


def test_a_code_is_good_for_a_quarter_of_an_hour(request_, at):
    code = send(request_)
    at("2026-03-05T10:15")
    assert not check(request_, code)


def test_a_new_code_replaces_the_old_one(request_, at):
    old = send(request_)
    at("2026-03-05T10:01")
    new = send(request_)
    assert not check(request_, old)
    assert check(request_, new)


def test_two_codes_are_a_minute_apart_and_there_are_five_of_them(request_, at):
    send(request_)
    with pytest.raises(TooManyCodesError):
        send(request_)
    for minute in range(1, MOST_CODES):
        at(f"2026-03-05T10:0{minute}")
        assert send(request_)
    at("2026-03-05T10:09")
    assert send(request_) is None


def test_the_code_of_one_request_proves_no_other(request_):
    other = ask(checked=False, subject="bob", reachable=True)
    code = send(other)
    send(request_)
    assert not check(request_, code)


def test_a_subject_without_an_address_is_answered_alike(at):
    at("2026-03-05T10:00")
    unknown = ask(checked=False, subject="nobody")
    assert send(unknown) is None
    with pytest.raises(TooManyCodesError):
        send(unknown)
    assert not check(unknown, "00000000")


def test_where_nothing_was_sent_no_code_is_right(at, monkeypatch):
    at("2026-03-05T10:00")
    unknown = ask(checked=False, subject="nobody")
    monkeypatch.setattr("compliance.erasure.proving.secrets.randbelow", lambda _: 7)
    send(unknown)
    assert not check(unknown, "00000007")


def test_a_duplicate_does_not_block_the_proof(request_):
    ask(checked=True, reachable=True)
    assert check(request_, send(request_))


@pytest.mark.parametrize("end", [request_cancel, request_confirm_identity])
def test_a_request_that_waits_for_no_identity_takes_no_code(request_, end):
    code = send(request_)
    end(request_id=request_.pk, actor=RITA)
    with pytest.raises(IllegalTransitionError):
        check(request_, code)


def test_no_code_is_left_of_a_request_that_has_ended(request_):
    send(request_)
    assert IdentityCode.objects.filter(request=request_).exists()
    request_cancel(request_id=request_.pk, actor=SUBJECT)
    assert not IdentityCode.objects.filter(request=request_).exists()
