import pytest
from cryptography.fernet import Fernet

from compliance.erasure.handing_off import (
    LIFE_SECONDS,
    HandOffError,
    hand_off_key,
    hand_off_read,
)
from tests.handing_off import hand_off_token


def test_the_link_says_who_comes_and_names_nobody():
    token = hand_off_token("alice", "n-1")
    assert hand_off_read(token).subject == "alice"
    assert "alice" not in token


def test_the_same_link_makes_the_same_request():
    one, again, other = (
        hand_off_read(hand_off_token("alice", nonce)) for nonce in ("n-1", "n-1", "n-2")
    )
    assert one.request_id == again.request_id != other.request_id


def made(content: bytes, *, age: int = 0, key: str | None = None) -> str:
    import time

    cipher = Fernet(key or hand_off_key())
    return cipher.encrypt_at_time(content, int(time.time()) - age).decode()


GOOD = b'{"subject": "alice", "id": "n-1"}'


def test_it_is_good_for_ten_minutes():
    assert hand_off_read(made(GOOD, age=LIFE_SECONDS - 5)).subject == "alice"
    with pytest.raises(HandOffError):
        hand_off_read(made(GOOD, age=LIFE_SECONDS + 5))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'"alice"',
        b'{"subject": "alice"}',
        b'{"subject": "", "id": "n-1"}',
        b'{"subject": 7, "id": "n-1"}',
        b'{"subject": "a\\u0000b", "id": "n-1"}',
        b'{"subject": "' + b"a" * 201 + b'", "id": "n-1"}',
        b"\xff",
    ],
)
def test_a_token_of_another_content_is_refused(content):
    with pytest.raises(HandOffError):
        hand_off_read(made(content))


@pytest.mark.parametrize("token", ["", "x", "gAAAA", "ü", "\x00" * 40])
def test_what_is_no_token_is_refused(token):
    with pytest.raises(HandOffError):
        hand_off_read(token)


def test_a_token_under_another_key_is_refused():
    with pytest.raises(HandOffError):
        hand_off_read(made(GOOD, key=Fernet.generate_key().decode()))


def test_a_changed_token_is_refused():
    token = made(GOOD)
    with pytest.raises(HandOffError):
        hand_off_read(token[:-5] + ("A" if token[-5] != "A" else "B") + token[-4:])
