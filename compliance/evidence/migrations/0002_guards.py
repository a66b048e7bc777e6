"""An issued certificate stays as it is."""

from django.db import migrations

from compliance.guards import append_only


class Migration(migrations.Migration):
    dependencies = [("evidence", "0001_initial")]

    operations = [append_only("evidence_certificate")]
