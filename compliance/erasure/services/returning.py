"""After a restore: what was erased stands again, and has to go again."""

from collections.abc import Iterator

from compliance.erasure.identity import identity_index
from compliance.erasure.models import Channel, ErasureRequest, Ground, IdentityMethod
from compliance.erasure.services.receiving import Origin, request_receive
from compliance.records.models import Subject
from compliance.records.scope import EVERYTHING, MAX_ENTRIES, Scope
from compliance.records.services import ingest_stop, records_of
from compliance.records.suppression import Refusals, refusals

SOURCE = "restore"


def returned_file(*, actor: str) -> int:
    """File a request for all that is suppressed and stands nevertheless; return how many.

    They are in review at once, so nothing more is learned from the records. A subject for which
    such a request is open already is passed over. Who was erased as a whole is not written to.
    Call it in the transaction that has taken the list: it waits for the imports under way, which
    may not know of it.
    """
    ingest_stop()
    names = list(Subject.objects.order_by("external_id").values_list("external_id", flat=True))
    return sum(_file(refused, actor) for refused in refusals(names))


def _file(refused: Refusals, actor: str) -> int:
    mine = ErasureRequest.objects.open().filter(
        identity_index=identity_index(refused.external_id), source=SOURCE
    )
    if mine.exists():
        return 0
    scopes = list(_scopes(refused))
    if EVERYTHING in scopes:
        Subject.objects.filter(external_id=refused.external_id).update(contact=None)
    for scope in scopes:
        request_receive(
            subject=refused.external_id,
            channel=Channel.ADMIN,
            ground=Ground.UNLAWFUL,
            actor=actor,
            identity=IdentityMethod.ASSERTED,
            scope=scope,
            origin=Origin(source=SOURCE),
        )
    return len(scopes)


def _scopes(refused: Refusals) -> Iterator[Scope]:
    """Yield what has come back: all of the subject, or the records that are refused."""
    records = records_of(refused.external_id, EVERYTHING)
    back = sorted((each.item, each.at) for each in records if refused.refuses(each.item, each.at))
    if refused.is_whole and len(back) == len(records):
        yield EVERYTHING
        return
    for first in range(0, len(back), MAX_ENTRIES):
        yield Scope(records=frozenset(back[first : first + MAX_ENTRIES]))
