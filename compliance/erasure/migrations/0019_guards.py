"""What was previewed and endorsed goes after the request has; what only a decision says.

And a request in review rests: Art. 18. Whatever ends that in one transaction also decides it.
"""

from django.db import migrations

from compliance.guards import (
    no_longer_append_only,
    only_cleared,
    removable_after,
    unchangeable,
    update_guard,
    written_by,
)

ENDED = ["completed", "denied", "cancelled", "expired"]
REQUEST = "erasure_erasurerequest"
DECIDED = "('approved', 'retraining', 'verifying', 'failed')"
DENIALS = [("awaiting_identity", "denied"), ("in_review", "denied")]
APPROVAL = ("in_review", "approved")

# At the commit, for an approval ends the restriction before it moves the request.
RESTRICTED = """
CREATE FUNCTION records_restriction_check_review() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM erasure_erasurerequest WHERE id = OLD.request_id AND state = 'in_review'
    ) AND NOT EXISTS (
        SELECT FROM records_restriction WHERE request_id = OLD.request_id
    ) THEN
        RAISE EXCEPTION 'DELETE on % is refused: its request is in review', TG_TABLE_NAME
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER records_restriction_review AFTER DELETE ON records_restriction
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION records_restriction_check_review();
"""
NOT_RESTRICTED = """
DROP TRIGGER records_restriction_review ON records_restriction;
DROP FUNCTION records_restriction_check_review();
"""


class Migration(migrations.Migration):
    dependencies = [("erasure", "0018_endorsed_answers"), ("records", "0008_names")]

    operations = [
        no_longer_append_only("erasure_preview"),
        unchangeable("erasure_preview", ["id", "request_id", "digest", "parts", "shown_at"]),
        removable_after("erasure_preview", "request_id", REQUEST, ENDED),
        no_longer_append_only("erasure_endorsement"),
        unchangeable(
            "erasure_endorsement", ["id", "request_id", "digest", "answer", "actor", "at"]
        ),
        only_cleared("erasure_endorsement", ["part"]),
        removable_after("erasure_endorsement", "request_id", REQUEST, ENDED),
        unchangeable("erasure_comment", ["number"], name="number"),
        written_by(REQUEST, ["outcome", "erased_interactions", "decided_scope"], [APPROVAL]),
        written_by(REQUEST, ["decided_at"], [APPROVAL, *DENIALS]),
        update_guard(
            REQUEST,
            "due",
            f"NEW.due_on <> OLD.due_on AND OLD.state IN {DECIDED}",
            "the clock of a decided request stands",
        ),
        migrations.RunSQL(RESTRICTED, NOT_RESTRICTED),
    ]
