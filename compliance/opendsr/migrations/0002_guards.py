"""What came in stays what it was; what is personal of it can be cleared."""

from django.db import migrations

from compliance.guards import no_removal, only_cleared, unchangeable


class Migration(migrations.Migration):
    dependencies = [("opendsr", "0001_initial")]

    operations = [
        no_removal("opendsr_opendsrrequest"),
        unchangeable("opendsr_opendsrrequest", ["request_id", "client_id", "regulation"]),
        only_cleared("opendsr_opendsrrequest", ["body_digest", "callback_urls"]),
    ]
