import stat

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from compliance.evidence import keys
from compliance.evidence.keys import KeyFileError


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "keys"


def test_a_new_pair_is_read_back(folder):
    made = keys.generate(folder)

    assert keys.load_private(folder).private_bytes_raw() == made.private_bytes_raw()
    assert keys.load_public(folder) == made.public_key()


def test_only_its_owner_can_read_the_private_key(folder):
    keys.generate(folder)

    assert stat.S_IMODE((folder / keys.PRIVATE_NAME).stat().st_mode) == 0o600


@pytest.mark.parametrize("name", [keys.PRIVATE_NAME, keys.PUBLIC_NAME])
def test_an_existing_key_is_never_overwritten(folder, name):
    folder.mkdir()
    (folder / name).write_text("mine")

    with pytest.raises(KeyFileError, match="not overwritten"):
        keys.generate(folder)
    assert [path.name for path in folder.iterdir()] == [name]
    assert (folder / name).read_text() == "mine"


def test_a_race_for_the_first_key_has_one_winner(folder, monkeypatch):
    keys.generate(folder)
    monkeypatch.setattr("pathlib.Path.exists", lambda path: False)

    with pytest.raises(KeyFileError, match="another process"):
        keys.generate(folder)


@pytest.mark.parametrize("load", [keys.load_private, keys.load_public])
def test_a_missing_key_names_the_remedy(folder, load):
    with pytest.raises(KeyFileError, match=r"is missing\. Restore it .* create_keys"):
        load(folder)


def test_a_folder_in_place_of_a_key_is_refused(folder):
    (folder / keys.PRIVATE_NAME).mkdir(parents=True)

    with pytest.raises(KeyFileError, match="cannot be read"):
        keys.load_private(folder)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_key_that_others_can_read_is_refused(folder, mode):
    keys.generate(folder)
    (folder / keys.PRIVATE_NAME).chmod(mode)

    with pytest.raises(KeyFileError, match="chmod 600"):
        keys.load_private(folder)


def rsa_pem():
    key = generate_private_key(65537, 2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize("pem", [b"", b"\xff\x00", rsa_pem()])
def test_what_is_no_ed25519_key_is_refused(folder, pem):
    keys.generate(folder)
    for name in (keys.PRIVATE_NAME, keys.PUBLIC_NAME):
        (folder / name).write_bytes(pem)

    with pytest.raises(KeyFileError, match="not an unencrypted Ed25519 private key"):
        keys.load_private(folder)
    with pytest.raises(KeyFileError, match="Restore it from its back-up"):
        keys.load_public(folder)
