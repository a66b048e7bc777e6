"""Requests that were in review before there were restrictions have theirs from now on: Art. 18."""

from django.db import migrations

from compliance.guards import one_way, unchangeable

# A restriction is found by the request's own index, and holds identifier and scope as it does.
RESTRICT = """
INSERT INTO records_restriction (request_id, tag, identity, scope, since)
SELECT id, identity_index, identity, scope, statement_timestamp()
FROM erasure_erasurerequest request
WHERE state = 'in_review' AND NOT EXISTS (
    SELECT FROM records_restriction restriction WHERE restriction.request_id = request.id
)
"""


class Migration(migrations.Migration):
    dependencies = [("erasure", "0013_case_file"), ("records", "0007_guards")]

    operations = [
        migrations.RunSQL(RESTRICT, migrations.RunSQL.noop),
        one_way("erasure_erasurerequest", ["verified_at"], name="verified"),
        unchangeable("erasure_extension", ["notice"], name="notice"),
    ]
