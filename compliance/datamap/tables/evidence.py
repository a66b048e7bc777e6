"""What proves an erasure."""

from compliance.datamap.columns import Table, Whose, keyed, none, personal
from compliance.datamap.fates import ACCOUNTABLE, PROOF

EVIDENCE = [
    Table(
        "evidence_certificate",
        "Certificates as they were issued. Rows are only ever added.",
        {
            "id": none("the certificate's number"),
            "request_id": none("the request"),
            "envelope": keyed("identifier and records, as commitments", PROOF),
            "digest": none("digest of the certificate"),
            "key_id": none("the key that signed"),
            "issued_at": none("when"),
        },
    ),
    Table(
        "evidence_reportexport",
        "Who took which report along. Rows are only ever added.",
        {
            "id": none("row number"),
            "report": none("which report"),
            "format": none("csv or json"),
            "first": none("first month"),
            "last": none("last month"),
            "actor": personal("kind and row number of who did it", ACCOUNTABLE, Whose.STAFF),
            "at": none("when"),
        },
    ),
]
