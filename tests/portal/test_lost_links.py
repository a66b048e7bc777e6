"""Whoever has lost the links gets those of open requests again: the newest, and not too many."""

from compliance.erasure.reminding import MOST, links_send
from compliance.erasure.services import request_cancel
from compliance.jobs.models import OutboxMessage
from tests.erasure.conftest import ALICE, RITA, ask


def test_the_newest_open_requests_are_told_again(db):
    requests = [ask(reachable=True) for _ in range(MOST + 3)]
    request_cancel(request_id=requests[-1].pk, actor=RITA)
    before = set(OutboxMessage.objects.values_list("pk", flat=True))
    links_send(subject=ALICE)
    sent = OutboxMessage.objects.exclude(pk__in=before)
    assert {message.topic for message in sent} == {"erasure.receipt"}
    assert {message.about for message in sent} == {each.pk for each in requests[2:-1]}
