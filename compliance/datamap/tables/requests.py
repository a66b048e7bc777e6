"""Erasure requests. Their rows are never removed; whom they are about is cleared."""

from compliance.datamap.columns import Erased, Fate, Table, Whose, keyed, none, personal, sealed
from compliance.datamap.fates import (
    ACCOUNTABLE,
    PROOF,
    UNTIL_ANSWERED,
    WHILE_USED,
    WITH_REQUEST,
)

CODE = Fate(
    Erased.RETENTION, "until the request ends, or a day after it awaits no identity any more"
)
CALLBACKS = Fate(Erased.END, "until the last callback")
BATCH = Fate(Erased.DONE, "until the batch is done; 30 days if nobody starts it")
UNTIL_APPROVED = Fate(Erased.END, "until the decision")
RESULTS = Fate(Erased.RETENTION, "90 days after the batch is done")
CERTIFIED = Fate(Erased.END, "until the certificate is issued, which then shows it")

REQUESTS = [
    Table(
        "erasure_erasurerequest",
        "Requests under Art. 17. An answered one names nobody.",
        {
            "id": none("the request's number"),
            "state": none("state"),
            "channel": none("how it came in"),
            "ground": none("ground of Art. 17(1)"),
            "identity": sealed("the identifier", UNTIL_ANSWERED),
            "identity_index": keyed("the identifier", UNTIL_ANSWERED),
            "scope_kind": none("everything, items, a period or records"),
            "scope": sealed("which records", UNTIL_ANSWERED),
            "decided_scope": sealed("which records were approved", UNTIL_ANSWERED),
            "contact": sealed("mail address", UNTIL_ANSWERED),
            "language": none("of notices"),
            "source": none("the system where it was made first"),
            "submitted_at": none("when it was made there"),
            "reopens_id": none("the request that it reopens"),
            "duplicate_of_id": none("the request that it repeats"),
            "assignee_id": personal("the reviewer's row number", ACCOUNTABLE, Whose.STAFF),
            "subject_commitment": keyed("the identifier, for the certificate", CERTIFIED),
            "received_at": none("when it came in"),
            "due_on": none("the deadline"),
            "paused_on": none("since when the clock stands"),
            "identity_method": none("how the identity was shown"),
            "verified_at": none("when it was shown"),
            "decided_at": none("when it was decided"),
            "completed_at": none("when it was completed"),
            "outcome": none("full or partial"),
            "erased_interactions": none("how many records went"),
            "release_before": none("digest of a release"),
            "release_interim": none("digest of a release"),
            "release_after": none("digest of a release"),
            "proof_before": keyed("position and leaf in the tree before", PROOF),
            "proof_after": keyed("position in the tree after", PROOF),
        },
    ),
    Table(
        "erasure_erasureevent",
        "Every step of every request. Rows are only ever added.",
        {
            "id": none("row number"),
            "request_id": none("the request"),
            "at": none("when"),
            "step": none("what happened"),
            "from_state": none("state before"),
            "to_state": none("state after"),
            "actor": personal("kind and row number of who did it", ACCOUNTABLE, Whose.STAFF),
            "note": none("a word of the program's own"),
        },
    ),
    Table(
        "erasure_answer",
        "Refusals.",
        {
            "request_id": none("the request"),
            "article": none("the article"),
            "text": sealed("the reasons, as told to the person", WITH_REQUEST),
            "written_at": none("when"),
        },
    ),
    Table(
        "erasure_extension",
        "Extensions of the deadline.",
        {
            "request_id": none("the request"),
            "reasons": sealed("the reasons, as told to the person", WITH_REQUEST),
            "decided_at": none("when"),
            "actor": personal("kind and row number of who did it", ACCOUNTABLE, Whose.STAFF),
            "notice": none("the message that told it"),
            "in_force_at": none("since when it is in force"),
        },
    ),
    Table(
        "erasure_pause",
        "Times in which the clock stood.",
        {
            "id": none("row number"),
            "request_id": none("the request"),
            "kind": none("what was waited for"),
            "started_on": none("from"),
            "ended_on": none("to"),
        },
    ),
    Table(
        "erasure_comment",
        "Reviewers' notes to colleagues.",
        {
            "id": none("row number"),
            "request_id": none("the request"),
            "number": none("the note's number"),
            "text": sealed("the note", WITH_REQUEST),
            "actor": personal("kind and row number of who did it", ACCOUNTABLE, Whose.STAFF),
            "at": none("when"),
        },
    ),
    Table(
        "erasure_preview",
        "What reviewers were shown before they decided.",
        {
            "id": none("row number"),
            "request_id": none("the request"),
            "digest": keyed("the whole impact", WITH_REQUEST),
            "parts": keyed("scope, records and shards", WITH_REQUEST),
            "shown_at": none("when"),
        },
    ),
    Table(
        "erasure_endorsement",
        "First approvals, where two persons approve. The events say for good who approved when.",
        {
            "id": none("row number"),
            "request_id": none("the request"),
            "digest": keyed("the whole impact", WITH_REQUEST),
            "answer": keyed("article and reasons, with the impact", WITH_REQUEST),
            "part": sealed("which records, the article and the reasons", UNTIL_APPROVED),
            "actor": personal("kind and row number of who did it", WITH_REQUEST, Whose.STAFF),
            "at": none("when"),
        },
    ),
    Table(
        "erasure_identitycode",
        "The newest code that was sent.",
        {
            "request_id": none("the request"),
            "digest": keyed("the code", CODE),
            "expires_at": none("until when it is good"),
            "attempts": none("a number"),
            "sent": none("a number"),
            "sent_at": none("when"),
        },
    ),
    Table(
        "erasure_batch",
        "One step for many requests.",
        {
            "id": none("the batch's number"),
            "action": none("what is done"),
            "state": none("state"),
            "actor": personal("kind and row number of who chose them", RESULTS, Whose.STAFF),
            "language": none("of the results"),
            "content_digest": keyed("the whole call that made it", RESULTS),
            "values": sealed("reasons, or the reviewer they are assigned to", BATCH),
            "created_at": none("when"),
            "done_at": none("when"),
        },
    ),
    Table(
        "erasure_batchitem",
        "The requests of a batch.",
        {
            "id": none("row number"),
            "batch_id": none("the batch"),
            "request_id": none("the request"),
            "digest": keyed("the whole impact", RESULTS),
            "records": none("a number"),
            "prompts": none("a number"),
            "shard": none("the shard that has to be retrained"),
            "minutes": none("a number"),
            "result": none("what became of it"),
            "code": none("kind of refusal"),
            "message": none("why, in the program's own words"),
            "done_at": none("when"),
        },
    ),
    Table(
        "erasure_touchedshard",
        "What an approval changed in the model. Rows are only ever added.",
        {
            "id": none("row number"),
            "request_id": none("the request"),
            "plan_id": none("the plan"),
            "shard": none("the shard"),
            "first_slice": none("from where on it is retrained"),
            "generation": none("the first clean generation"),
            "adapter_before": none("digest of weights"),
            "manifest_before": none("one hash over all who taught a slice"),
            "removed": keyed("the records that went", PROOF),
        },
    ),
    Table(
        "erasure_recipient",
        "Those to whom records were disclosed (Art. 19).",
        {
            "id": none("row number"),
            "name": personal("name of the recipient", WHILE_USED, Whose.PARTNER),
            "endpoint_id": none("where it is told"),
            "mail": sealed("mail address of the recipient", WHILE_USED, Whose.PARTNER),
            "language": none("language of the mails to it"),
            "is_active": none("whether it is told"),
        },
    ),
    Table(
        "erasure_recipientnotice",
        "That a recipient is told of an erasure. Rows are only ever added.",
        {
            "id": none("row number"),
            "request_id": none("the request"),
            "recipient_id": none("the recipient"),
            "message_id": none("the message"),
        },
    ),
    Table(
        "opendsr_opendsrrequest",
        "The OpenDSR side of a request.",
        {
            "request_id": none("the request"),
            "client_id": none("the controller's system"),
            "regulation": none("the law it names"),
            "body_digest": keyed("the whole call", WITH_REQUEST),
            "callback_urls": sealed("addresses, which may carry tokens", CALLBACKS, Whose.PARTNER),
        },
    ),
]
