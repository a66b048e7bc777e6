"""The records among which a reviewer chooses a part."""

from cryptography.fernet import InvalidToken

from compliance.erasure.admin.words import moment
from compliance.erasure.identity import identity_decrypt, scope_decrypt
from compliance.erasure.models import ErasureRequest
from compliance.records.models import Interaction
from compliance.records.services import records_in

SHOWN = 200


def records_to_choose(request: ErasureRequest) -> list[tuple[str, str, str]]:
    """Return item, title and time of the newest records in the scope of an open request."""
    try:
        external_id = identity_decrypt(request.identity)
        asked = records_in(external_id, scope_decrypt(request.scope))
    except InvalidToken:
        return []
    rows = Interaction.objects.filter(pk__in=asked).order_by("-occurred_at", "-pk")
    found = rows.values_list("item__external_id", "item__title", "occurred_at")[:SHOWN]
    return [(item, title, moment(at)) for item, title, at in found]
