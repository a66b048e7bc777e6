"""A person's requests are looked for while one of them is decided."""

from threading import Event

import pytest

from compliance.erasure.models import ErasureEvent, Refusal, Step
from compliance.erasure.services import request_deny, requests_of
from compliance.erasure.states import State
from tests.erasure.conftest import ALICE, RITA, ask
from tests.races.race import after, held, race


@pytest.mark.usefixtures("committed_db")
def test_one_that_is_answered_meanwhile_is_not_found_and_not_noted() -> None:
    request, begun = ask(), Event()

    def deny() -> None:
        request_deny(
            request_id=request.pk, actor=RITA, article=Refusal.LEGAL_CLAIMS, text="A suit."
        )

    look = after(begun, lambda: requests_of(external_id=ALICE, actor=RITA))
    decided, found = race(held(deny, begun), look)
    assert (decided.error, found.error, found.result) == (None, None, [])
    noted = ErasureEvent.objects.filter(request=request, step=Step.IDENTITY_SHOWN)
    assert [event.from_state for event in noted] == []
    request.refresh_from_db()
    assert request.status is State.DENIED
