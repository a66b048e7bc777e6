"""Addresses that were sealed under a key that is lost hold up nothing."""

import pytest
from cryptography.fernet import Fernet

from compliance.records.contacts import ContactRow, Outcome, contact_of, contacts_put
from compliance.records.models import Subject

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann() -> Subject:
    sealed = Fernet(Fernet.generate_key()).encrypt(b"ann@example.org")
    return Subject.objects.create(external_id="ann", contact=sealed)


def test_a_person_is_then_as_one_without_an_address(ann: Subject) -> None:
    assert contact_of("ann") is None


@pytest.mark.parametrize("address", ["ann@example.org", None])
def test_an_address_that_comes_anew_takes_its_place(ann: Subject, address: str | None) -> None:
    assert contacts_put([ContactRow("ann", address, "")]) == [Outcome.CHANGED]
    assert (contact_of("ann") is None) is (address is None)
