"""The fates that several columns share. The times are those of `retention.py`."""

from compliance.datamap.columns import Erased, Fate

UNTIL_ERASED = Fate(Erased.APPROVAL, "until the person's erasure, or that of the record")
UNTIL_ANSWERED = Fate(Erased.END, "until the request has been answered")
UNTIL_DECIDED = Fate(
    Erased.END,
    "until the decision; where nothing is erased, until the person has been told, however long",
)
WITH_REQUEST = Fate(Erased.RETENTION, "LETHE_RETENTION_MONTHS (36) after the request has ended")
FOR_THE_LOG = Fate(Erased.RETENTION, "LETHE_RETENTION_MONTHS (36)")
WHILE_EMPLOYED = Fate(Erased.ADMIN, "as long as the account is needed")
WHILE_USED = Fate(Erased.ADMIN, "as long as it is used")
ACCOUNTABLE = Fate(
    Erased.NEVER, "for good: who decided must stay known. A number only, once the account is gone"
)
PROOF = Fate(Erased.NEVER, "for good: it is the evidence, and says nothing without the key")
