"""Background jobs, and what leaves the house."""

from compliance.datamap.columns import Erased, Fate, Table, Whose, none, personal, sealed
from compliance.datamap.fates import WHILE_USED

SENT = Fate(Erased.DELIVERY, "until it is delivered; 30 days if it cannot be")
JOB_ERROR = Fate(Erased.RETENTION, "90 days after the job has ended")

MESSAGES = [
    Table(
        "jobs_job",
        "Work in the background.",
        {
            "id": none("the job's number"),
            "queue": none("queue"),
            "kind": none("what is done"),
            "target": none("number of the row that it is about"),
            "state": none("state"),
            "attempts": none("a number"),
            "fencing_token": none("a counter"),
            "worker": none("the worker process"),
            "run_after": none("when"),
            "lease_expires_at": none("when"),
            "heartbeat_at": none("when"),
            "progress_done": none("a number"),
            "progress_total": none("a number"),
            "progress_note": none("the program's own words"),
            "error": personal("why it failed; a library's words could quote a value", JOB_ERROR),
            "created_at": none("when"),
            "started_at": none("when"),
            "finished_at": none("when"),
        },
    ),
    Table(
        "jobs_outboxmessage",
        "Mails and calls. Rows are never removed.",
        {
            "id": none("the message's number"),
            "kind": none("mail or webhook"),
            "topic": none("what it is about"),
            "about": none("the request"),
            "endpoint_id": none("where it goes"),
            "payload": sealed("addressee and text", SENT),
            "state": none("state"),
            "tries": none("a number"),
            "created_at": none("when"),
            "delivered_at": none("when"),
        },
    ),
    Table(
        "jobs_deliveryattempt",
        "Tries to deliver: the evidence. Rows are only ever added.",
        {
            "id": none("row number"),
            "message_id": none("the message"),
            "at": none("when"),
            "outcome": none("how it ended"),
            "status": none("the server's number"),
        },
    ),
    Table(
        "jobs_endpoint",
        "Where webhooks go.",
        {
            "id": none("row number"),
            "name": personal("name of the system", WHILE_USED, Whose.PARTNER),
            "url": personal("its address", WHILE_USED, Whose.PARTNER),
            "secret": sealed("what signs for it", WHILE_USED, Whose.PARTNER),
            "is_active": none("whether it is called"),
            "all_changes": none("whether it is told of every step"),
            "created_at": none("when"),
        },
    ),
]
