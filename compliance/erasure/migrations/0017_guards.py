"""What was approved of a request cannot be replaced by something else."""

from django.db import migrations

from compliance.guards import set_once


class Migration(migrations.Migration):
    dependencies = [("erasure", "0016_open_by_due")]

    operations = [set_once("erasure_erasurerequest", ["decided_scope"])]
