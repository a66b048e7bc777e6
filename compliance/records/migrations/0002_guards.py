"""A suppression cannot be taken back."""

from django.db import migrations

from compliance.guards import no_removal, never_less


class Migration(migrations.Migration):
    dependencies = [("records", "0001_initial")]

    operations = [
        no_removal("records_suppression"),
        never_less("records_suppression", "until"),
    ]
