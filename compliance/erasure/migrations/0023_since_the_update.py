"""Requests from before these columns were: what had shown the identity, and what was erased.

A call that is repeated is compared with them, and reports and the API tell them.
"""

from django.db import migrations

# Until then one could vouch at receipt, by API or in the admin, or a reviewer checked it later; and
# whatever was approved was all that was asked for. What is answered is written to this once more.
FILL = """
ALTER TABLE erasure_erasurerequest DISABLE TRIGGER USER;

UPDATE erasure_erasurerequest request SET
    identity_method = CASE
        WHEN identity_method <> '' OR verified_at IS NULL THEN identity_method
        WHEN channel = 'api' AND EXISTS (
            SELECT FROM erasure_erasureevent event
            WHERE event.request_id = request.id
              AND event.from_state = 'received' AND event.to_state = 'in_review'
        ) THEN 'asserted'
        ELSE 'reviewer'
    END,
    outcome = CASE
        WHEN outcome = '' AND erased_interactions IS NOT NULL THEN 'full' ELSE outcome
    END
WHERE (identity_method = '' AND verified_at IS NOT NULL)
   OR (outcome = '' AND erased_interactions IS NOT NULL);

ALTER TABLE erasure_erasurerequest ENABLE TRIGGER USER;
"""


class Migration(migrations.Migration):
    dependencies = [("erasure", "0022_batch_guards")]

    operations = [migrations.RunSQL(FILL, migrations.RunSQL.noop)]
