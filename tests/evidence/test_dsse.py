import base64
import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from securesystemslib.dsse import Envelope as PeerEnvelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey

from compliance.evidence import dsse
from compliance.evidence.dsse import Rejected

TYPE = "application/vnd.in-toto+json"


@pytest.fixture(scope="session")
def public(key):
    return key.public_key()


@pytest.fixture(scope="session")
def peer_key(public):
    return SSlibKey.from_crypto(public, keyid=dsse.key_id(public))


def document(raw):
    return json.loads(raw)


def encoded(value):
    return json.dumps(value).encode()


def test_the_signed_encoding_is_the_specifications():
    # the test vector of the DSSE protocol document
    assert dsse.pae("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_the_signed_encoding_counts_bytes_not_characters():
    assert dsse.pae("tüp", "é".encode()) == b"DSSEv1 4 t\xc3\xbcp 2 \xc3\xa9"


@given(payload=st.binary(max_size=200), kind=st.text(max_size=30))
def test_what_is_signed_is_what_is_verified(key, public, payload, kind):
    envelope = dsse.sign(payload, kind, key)

    assert dsse.verify(envelope.raw, kind, public) == payload
    assert dsse.parse_envelope(envelope.raw) == envelope


@given(payload=st.binary(max_size=200))
def test_securesystemslib_verifies_ours(key, peer_key, payload):
    envelope = PeerEnvelope.from_dict(document(dsse.sign(payload, TYPE, key).raw))

    assert envelope.payload == payload
    assert list(envelope.verify([peer_key], threshold=1)) == [peer_key.keyid]


def test_securesystemslib_refuses_ours_with_another_payload(key, peer_key):
    envelope = PeerEnvelope.from_dict(document(dsse.sign(b"one", TYPE, key).raw))
    envelope.payload = b"two"

    with pytest.raises(VerificationError):
        envelope.verify([peer_key], threshold=1)


def test_the_key_id_is_the_digest_of_the_public_key_in_der(public):
    # RFC 8410: a 12-byte prefix, then the 32 bytes of the key
    der = bytes.fromhex("302a300506032b6570032100") + public.public_bytes_raw()

    assert dsse.key_id(public) == hashlib.sha256(der).hexdigest()


def test_signing_twice_gives_the_same_bytes(key):
    assert dsse.sign(b"x", TYPE, key).raw == dsse.sign(b"x", TYPE, key).raw


def test_both_alphabets_of_base64_are_read(key, public):
    payload = b"\xfb\xff\xfe" * 3  # "+/" in one alphabet, "-_" in the other
    envelope = document(dsse.sign(payload, TYPE, key).raw)
    assert "+" in envelope["payload"]
    envelope["payload"] = base64.urlsafe_b64encode(payload).decode()
    envelope["signatures"][0]["sig"] = (
        envelope["signatures"][0]["sig"].replace("+", "-").replace("/", "_")
    )

    assert dsse.verify(encoded(envelope), TYPE, public) == payload


@pytest.mark.parametrize("text", ["+-++", "YQ", "YQ=", "YR==", "Y Q==", "YQ==\n", "YQ==YQ==", "é"])
def test_base64_has_one_spelling(key, text):
    envelope = document(dsse.sign(b"a", TYPE, key).raw)
    envelope["payload"] = text

    with pytest.raises(Rejected, match="payload: "):
        dsse.parse_envelope(encoded(envelope))


def test_unknown_names_are_ignored(key, public):
    envelope = document(dsse.sign(b"a", TYPE, key).raw)
    envelope["note"] = envelope["signatures"][0]["cert"] = "unknown"

    assert dsse.verify(encoded(envelope), TYPE, public) == b"a"


@pytest.mark.parametrize("keyid", [None, "", "somebody else's"])
def test_the_key_id_is_only_a_hint(key, public, keyid):
    envelope = document(dsse.sign(b"a", TYPE, key).raw)
    envelope["signatures"][0]["keyid"] = keyid

    assert dsse.verify(encoded(envelope), TYPE, public) == b"a"


def test_a_key_id_may_be_missing(key, public):
    envelope = document(dsse.sign(b"a", TYPE, key).raw)
    del envelope["signatures"][0]["keyid"]

    assert dsse.verify(encoded(envelope), TYPE, public) == b"a"


def test_signatures_by_others_do_not_matter(key, other_key, public):
    envelope = document(dsse.sign(b"a", TYPE, key).raw)
    envelope["signatures"] = (
        document(dsse.sign(b"a", TYPE, other_key).raw)["signatures"] + (envelope["signatures"])
    )

    assert dsse.verify(encoded(envelope), TYPE, public) == b"a"


def test_another_keys_signature_is_refused(key, other_key):
    with pytest.raises(Rejected, match="none of 1 signature"):
        dsse.verify(dsse.sign(b"a", TYPE, key).raw, TYPE, other_key.public_key())


def test_another_payload_type_is_refused(key, public):
    with pytest.raises(Rejected, match="payload type 'text/plain'"):
        dsse.verify(dsse.sign(b"a", "text/plain", key).raw, TYPE, public)


def test_the_payload_type_is_signed(key, public):
    envelope = document(dsse.sign(b"a", "text/plain", key).raw)
    envelope["payloadType"] = TYPE

    with pytest.raises(Rejected, match="none of 1 signature"):
        dsse.verify(encoded(envelope), TYPE, public)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not UTF-8"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        (b"[]", "not a JSON object"),
        (b"{}", "signatures"),
        (b'{"payload":"","payload":"YQ=="}', "stands twice"),
        (b'{"payload":"","payloadType":"t","signatures":[]}', "at least one"),
        (b'{"payload":"","payloadType":"t","signatures":[1]}', "a signature is not"),
        (b'{"payload":"","payloadType":"t","signatures":[{"sig":1}]}', "sig is missing"),
        (b'{"payload":"","payloadType":"t","signatures":[{"sig":"","keyid":1}]}', "keyid"),
        (b'{"payload":1,"payloadType":"t","signatures":[{"sig":""}]}', "payload is missing"),
        (b'{"payload":"","signatures":[{"sig":""}]}', "payloadType is missing"),
        (b'{"payload":"","payloadType":"\\ud800","signatures":[{"sig":""}]}', "half a character"),
        (b'{"payload":"\\ud800","payloadType":"t","signatures":[{"sig":""}]}', "half a character"),
        (b'{"version":1.5}', "not an integer"),
        (b'{"version":NaN}', "not an integer"),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"n":' + b"9" * 5000 + b"}", "not JSON"),
    ],
)
def test_a_malformed_envelope_is_refused_with_the_reason(raw, message):
    with pytest.raises(Rejected, match=message):
        dsse.parse_envelope(raw)


@given(raw=st.binary(max_size=100))
def test_nothing_but_rejected_comes_out_of_the_parser(raw):
    with pytest.raises(Rejected):
        dsse.parse_envelope(raw)


@given(data=st.data())
def test_no_flipped_bit_survives(key, public, data):
    raw = bytearray(dsse.sign(b'{"a":1}', TYPE, key).raw)
    bit = data.draw(st.integers(min_value=0, max_value=len(raw) * 8 - 1))
    raw[bit // 8] ^= 1 << bit % 8

    try:
        payload = dsse.verify(bytes(raw), TYPE, public)
    except Rejected:
        return
    assert payload == b'{"a":1}'  # the bit stood in the key id, which is a hint
