"""People, their records, and what keeps erased ones out."""

from compliance.datamap.columns import Erased, Fate, Table, keyed, none, personal, sealed
from compliance.datamap.fates import UNTIL_DECIDED, UNTIL_ERASED

KEEPS_OUT = Fate(
    Erased.NEVER, "for good: without it an import or a restore brings erased records back"
)

PEOPLE = [
    Table(
        "records_subject",
        "The people, as the controller knows them.",
        {
            "id": personal("row number: a pseudonym", UNTIL_ERASED),
            "external_id": personal("the controller's identifier", UNTIL_ERASED),
            "erasure_class": personal("how likely the operator thinks an erasure", UNTIL_ERASED),
            "contact": sealed("mail address", UNTIL_ERASED),
            "language": personal("what the person is written to in", UNTIL_ERASED),
            "created_at": personal("since when it is known", UNTIL_ERASED),
        },
    ),
    Table(
        "records_interaction",
        "What people thought of items: the records that the model learns from.",
        {
            "id": personal("row number", UNTIL_ERASED),
            "subject_id": personal("the person", UNTIL_ERASED),
            "item_id": personal("what it was about", UNTIL_ERASED),
            "rating": personal("the person's rating", UNTIL_ERASED),
            "occurred_at": personal("when it was", UNTIL_ERASED),
            "ingested_at": personal("when it came in", UNTIL_ERASED),
        },
    ),
    Table(
        "records_restriction",
        "Who is restricted while a request is open, or the person not told of its end (Art. 18).",
        {
            "id": none("row number"),
            "request_id": none("the request"),
            "tag": keyed("the identifier", UNTIL_DECIDED),
            "identity": sealed("the identifier", UNTIL_DECIDED),
            "scope": sealed("which records", UNTIL_DECIDED),
            "since": none("since when"),
        },
    ),
    Table(
        "records_parkedinteraction",
        "Records that came in meanwhile. They come back if nothing is erased.",
        {
            "id": none("row number"),
            "restriction_id": none("under which restriction"),
            "tag": keyed("identifier, item and time", UNTIL_DECIDED),
            "content": sealed("item, rating and time", UNTIL_DECIDED),
            "parked_at": none("when it came in"),
        },
    ),
    Table(
        "records_suppression",
        "What an erasure keeps out from then on.",
        {
            "id": none("row number"),
            "tag": keyed("the identifier", KEEPS_OUT),
            "part": keyed("identifier and item or record", KEEPS_OUT),
            "since": keyed("start of the period", KEEPS_OUT),
            "until": keyed("records dated later are welcome", KEEPS_OUT),
        },
    ),
    Table(
        "records_item",
        "The catalogue.",
        {
            "id": none("row number"),
            "external_id": none("the controller's name for the item"),
            "title": none("title"),
            "attributes": none("genres, year and the like"),
            "created_at": none("since when it is known"),
        },
    ),
    Table(
        "records_itemembedding",
        "The items' texts as vectors.",
        {
            "id": none("row number"),
            "item_id": none("the item"),
            "encoder": none("digest of the encoder"),
            "text_digest": none("digest of the item's text"),
            "vector": none("the vector"),
        },
    ),
]
