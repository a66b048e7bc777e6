"""`manage.py prove_manifest`: what it refuses. `workers/test_erasure.py` reads what it writes."""

from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from compliance.erasure.models import Channel, Ground, IdentityMethod
from compliance.erasure.services import request_receive

pytestmark = pytest.mark.django_db


def test_an_unknown_request_is_refused():
    with pytest.raises(CommandError, match="no erasure request"):
        call_command("prove_manifest", str(uuid4()))


def test_what_is_no_id_is_refused():
    with pytest.raises(CommandError, match="invalid UUID"):
        call_command("prove_manifest", "alice")


def test_nothing_is_proven_of_an_undecided_request():
    request = request_receive(
        subject="alice",
        channel=Channel.API,
        ground=Ground.CONSENT_WITHDRAWN,
        actor="client:1",
        identity=IdentityMethod.ASSERTED,
    )
    with pytest.raises(CommandError, match="in the state in_review"):
        call_command("prove_manifest", str(request.pk))
