"""Who took a report along stays noted."""

from django.db import migrations

from compliance.guards import append_only


class Migration(migrations.Migration):
    dependencies = [("evidence", "0003_report_exports")]

    operations = [append_only("evidence_reportexport")]
