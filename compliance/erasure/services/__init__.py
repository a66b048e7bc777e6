"""What can be done with an erasure request. Admin, API, portal, commands and workers call these.

Each function is one transaction and raises `IllegalTransitionError` where the request's state does
not allow it, or another `StepError` that says what is in the way. `actor` is a kind and a number
(`user:3`, `client:1`, `subject:`), never a name.
"""

from compliance.erasure.services.approving import request_approve
from compliance.erasure.services.ending import (
    person_told,
    request_cancel,
    request_deny,
    request_expire,
    request_withdraw,
    requests_expire,
)
from compliance.erasure.services.handling import (
    comment_add,
    identity_show,
    request_assign,
    requests_of,
)
from compliance.erasure.services.receiving import request_confirm_identity, request_receive
from compliance.erasure.services.resuming import request_resume
from compliance.erasure.services.timing import (
    extension_confirm,
    request_extend,
    request_pause,
    request_unpause,
)

__all__ = [
    "comment_add",
    "extension_confirm",
    "identity_show",
    "person_told",
    "request_approve",
    "request_assign",
    "request_cancel",
    "request_confirm_identity",
    "request_deny",
    "request_expire",
    "request_extend",
    "request_pause",
    "request_receive",
    "request_resume",
    "request_unpause",
    "request_withdraw",
    "requests_expire",
    "requests_of",
]
