"""A batch goes one way: chosen, looked at, started, done. What was looked at is what is done."""

from django.db import migrations

from compliance.guards import final_states, set_once, state_machine, unchangeable

TRANSITIONS = {
    "draft": ["previewing"],
    "previewing": ["done", "ready"],
    "ready": ["running"],
    "running": ["done"],
}
# Whatever was previewed, or started, before there was a word for it.
LOOKED_AT = """
UPDATE erasure_batchitem AS item SET result = 'possible'
FROM erasure_batch AS batch
WHERE item.batch_id = batch.id AND item.result = 'waiting'
  AND (batch.state IN ('ready', 'running') OR item.digest <> '');
"""
NOT_LOOKED_AT = "UPDATE erasure_batchitem SET result = 'waiting' WHERE result = 'possible';"


class Migration(migrations.Migration):
    dependencies = [("erasure", "0021_batch_results")]

    operations = [
        migrations.RunSQL(LOOKED_AT, reverse_sql=NOT_LOOKED_AT),
        state_machine("erasure_batch", "draft", TRANSITIONS),
        final_states("erasure_batch", ["done"]),
        unchangeable("erasure_batch", ["action", "actor", "created_at"]),
        set_once("erasure_batch", ["values", "content_digest"]),
        unchangeable("erasure_batchitem", ["batch_id", "request_id"]),
        final_states("erasure_batchitem", ["done", "failed", "refused"], column="result"),
    ]
