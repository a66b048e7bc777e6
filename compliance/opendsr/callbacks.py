"""Tell the controller of each change, at the addresses that it named, signed."""

import json
import logging
from typing import Any

from compliance.erasure.models import Channel, ErasureRequest
from compliance.erasure.states import FINAL_STATES, State
from compliance.jobs.outbox import webhook_enqueue
from compliance.opendsr.answers import as_bytes, standing
from compliance.opendsr.keys import SignerError, signer
from compliance.opendsr.models import OpenDsrRequest
from compliance.opendsr.statuses import status_of
from compliance.sealing import seal, unseal

TOPIC = "opendsr.callback"
logger = logging.getLogger(__name__)


def callbacks_seal(urls: list[str]) -> bytes | None:
    """Return the addresses encrypted: they may carry the controller's own tokens."""
    return seal(json.dumps(list(dict.fromkeys(urls)))) if urls else None


def callbacks_send(*, request: ErasureRequest, source: State, **signal: Any) -> None:
    """Queue a callback to each address if the protocol has another word for where it stands now.

    Runs in the transaction of the move. Without a key there is nothing to sign with: that is
    logged, and stops no erasure; the controller can still ask.
    """
    if request.channel != Channel.OPENDSR:
        return
    side = OpenDsrRequest.objects.select_related("client").filter(request=request).first()
    if side is None or side.callback_urls is None:
        return
    if status_of(source) != status_of(request.status):
        _queue(side, request, json.loads(unseal(side.callback_urls)))
    if request.status in FINAL_STATES:
        side.callback_urls = None
        side.save(update_fields=["callback_urls"])


def _queue(side: OpenDsrRequest, request: ErasureRequest, urls: list[str]) -> None:
    try:
        signing = signer()
    except SignerError as error:
        logger.error("No callback for request %s: %s", request.pk, error)
        return
    for url in urls:
        body = as_bytes(standing(side, request) | {"status_callback_url": url})
        webhook_enqueue(
            about=request.pk, topic=TOPIC, url=url, body=body, headers=signing.headers(body)
        )
