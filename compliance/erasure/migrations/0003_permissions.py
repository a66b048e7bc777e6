"""Deciding a request and seeing whom it is about are permissions of their own."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("erasure", "0002_guards")]

    operations = [
        migrations.AlterModelOptions(
            name="erasurerequest",
            options={
                "ordering": ["due_on", "received_at"],
                "permissions": [
                    ("decide", "Can decide erasure requests"),
                    ("view_identity", "Can see whom a request is about"),
                ],
            },
        ),
    ]
