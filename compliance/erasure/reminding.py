"""A person who has lost the link of an open request gets it again, by mail and no other way."""

from django.db import transaction

from compliance.erasure.identity import identity_index
from compliance.erasure.letters import NoticeKind
from compliance.erasure.models import ErasureRequest
from compliance.erasure.notices import notice_send

MOST = 5  # the newest requests: nobody's mailbox is filled


@transaction.atomic
def links_send(*, subject: str) -> None:
    """Mail the receipts of the subject's open requests again; each has its link.

    Nothing is sent, and nothing said, where there is none or no address.
    """
    requests = ErasureRequest.objects.open().filter(identity_index=identity_index(subject))
    for request in requests.order_by("-received_at", "pk")[:MOST]:
        notice_send(request, NoticeKind.RECEIPT)
