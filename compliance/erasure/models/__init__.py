"""Erasure requests, what moves their clock, what is decided, and the record of every step."""

from compliance.erasure.models.answer import Answer, Refusal
from compliance.erasure.models.batch import (
    MAX_ITEMS,
    Batch,
    BatchAction,
    BatchItem,
    BatchState,
    ItemResult,
)
from compliance.erasure.models.code import IdentityCode
from compliance.erasure.models.event import ErasureEvent, Step
from compliance.erasure.models.recipient import Recipient, RecipientNotice
from compliance.erasure.models.request import (
    STATE_LABELS,
    URGENCY,
    Channel,
    ErasureRequest,
    ErasureRequestQuerySet,
    Ground,
    IdentityMethod,
    Outcome,
    ScopeKind,
)
from compliance.erasure.models.review import Comment, Endorsement, Preview
from compliance.erasure.models.timing import Extension, Pause, PauseKind
from compliance.erasure.models.touched import TouchedShard

__all__ = [
    "MAX_ITEMS",
    "STATE_LABELS",
    "URGENCY",
    "Answer",
    "Batch",
    "BatchAction",
    "BatchItem",
    "BatchState",
    "Channel",
    "Comment",
    "Endorsement",
    "ErasureEvent",
    "ErasureRequest",
    "ErasureRequestQuerySet",
    "Extension",
    "Ground",
    "IdentityCode",
    "IdentityMethod",
    "ItemResult",
    "Outcome",
    "Pause",
    "PauseKind",
    "Preview",
    "Recipient",
    "RecipientNotice",
    "Refusal",
    "ScopeKind",
    "Step",
    "TouchedShard",
]
