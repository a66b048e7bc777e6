"""Copies of weights that have left the house are recorded, and stay so."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

from compliance.guards import append_only, no_removal, one_way, unchangeable


class Migration(migrations.Migration):

    dependencies = [
        ('provenance', '0007_partition'),
    ]

    operations = [
        migrations.CreateModel(
            name='Export',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('adapter', 'One adapter'), ('weights', 'A mixture at weights that were given'), ('subject', "A mixture at one subject's weights")], max_length=8)),
                ('omega', models.JSONField(help_text='Weights in the order of the shards.', null=True)),
                ('digest', models.CharField(max_length=71)),
                ('path', models.TextField(help_text='The folder it was written to.')),
                ('exported_by', models.CharField(help_text="The operating system's user.", max_length=200)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('gone_at', models.DateTimeField(help_text='When the operator said that no copy is left.', null=True)),
                ('checkpoints', models.ManyToManyField(related_name='exports', to='provenance.checkpoint')),
                ('release', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='exports', to='provenance.release')),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        no_removal("provenance_export"),
        unchangeable(
            "provenance_export",
            ["id", "release_id", "kind", "omega", "digest", "path", "exported_by", "created_at"],
        ),
        one_way("provenance_export", ["gone_at"]),
        append_only("provenance_export_checkpoints"),
    ]
