"""What a batch does is what was chosen in its draft and looked at, to the letter and the digest."""

from django.db import migrations

from compliance.guards import update_guard

ITEM = "erasure_batchitem"
CHOSEN = f"""
CREATE FUNCTION {ITEM}_check_draft() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.result = 'waiting' AND EXISTS (
        SELECT FROM erasure_batch WHERE id = NEW.batch_id AND state = 'draft'
    ) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'INSERT on % is refused: requests are chosen in a draft', TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER {ITEM}_draft BEFORE INSERT ON {ITEM}
    FOR EACH ROW EXECUTE FUNCTION {ITEM}_check_draft();
"""
NOT_CHOSEN = f"DROP TRIGGER {ITEM}_draft ON {ITEM}; DROP FUNCTION {ITEM}_check_draft();"


class Migration(migrations.Migration):
    dependencies = [("erasure", "0024_person_told")]

    operations = [
        migrations.RunSQL(CHOSEN, NOT_CHOSEN),
        update_guard(
            ITEM,
            "looked_at",
            "(OLD.result <> 'waiting' AND NEW.digest <> OLD.digest)"
            " OR (OLD.result = 'waiting' AND NEW.result = 'done')",
            "what was looked at is what is done",
        ),
        update_guard(
            "erasure_batch",
            "words",
            "OLD.state <> 'draft' AND NEW.values IS NOT NULL"
            " AND NEW.values IS DISTINCT FROM OLD.values",
            "what it takes is written before each is looked at",
        ),
    ]
