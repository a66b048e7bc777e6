"""After a restore: what was erased stands again, and has to go again."""

from collections.abc import Iterator

from compliance.erasure.identity import identity_index, scope_decrypt
from compliance.erasure.models import Channel, ErasureRequest, Ground, IdentityMethod
from compliance.erasure.services.receiving import Origin, request_receive
from compliance.records.models import Subject
from compliance.records.scope import EVERYTHING, MAX_ENTRIES, Scope
from compliance.records.services import records_of
from compliance.records.suppression import Refusals, refusals

SOURCE, CHANNEL = "restore", Channel.ADMIN


def returned_file(*, actor: str) -> int:
    """File a request for all that is suppressed and stands nevertheless; return how many.

    They are in review at once, so nothing more is learned from the records. What such a request
    that is open already asks for is passed over. Who was erased as a whole is not written to.
    Call it in the transaction that has called `ingest_stop` and taken the list: an import under
    way may not know of it.
    """
    names = list(Subject.objects.order_by("external_id").values_list("external_id", flat=True))
    return sum(_file(refused, actor) for refused in refusals(names))


def _file(refused: Refusals, actor: str) -> int:
    scopes = list(_scopes(refused, _asked(refused.external_id)))
    if EVERYTHING in scopes:
        Subject.objects.filter(external_id=refused.external_id).update(contact=None)
    for scope in scopes:
        request_receive(
            subject=refused.external_id,
            channel=CHANNEL,
            ground=Ground.UNLAWFUL,
            actor=actor,
            identity=IdentityMethod.ASSERTED,
            scope=scope,
            origin=Origin(source=SOURCE),
        )
    return len(scopes)


def _asked(external_id: str) -> list[Scope]:
    """Return the scopes of such requests that are open. A client may give its own this source."""
    mine = ErasureRequest.objects.open().filter(
        identity_index=identity_index(external_id), source=SOURCE, channel=CHANNEL
    )
    return [scope_decrypt(request.scope) for request in mine]


def _scopes(refused: Refusals, asked: list[Scope]) -> Iterator[Scope]:
    """Yield what has come back and is not asked for: all of the subject, or certain records."""
    if EVERYTHING in asked:
        return
    records = records_of(refused.external_id, EVERYTHING)
    back = sorted((each.item, each.at) for each in records if refused.refuses(each.item, each.at))
    if refused.is_whole and len(back) == len(records):
        yield EVERYTHING
        return
    left = [record for record in back if not any(scope.covers(*record) for scope in asked)]
    for first in range(0, len(left), MAX_ENTRIES):
        yield Scope(records=frozenset(left[first : first + MAX_ENTRIES]))
