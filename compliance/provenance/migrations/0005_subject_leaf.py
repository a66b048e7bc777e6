"""Every placed subject gets its leaf; those that are placed already, from their records."""

import django.db.models.deletion
from django.db import migrations, models

from compliance.provenance.manifests import subject_leaves


def leaves_fill(apps, schema_editor):
    database = schema_editor.connection.alias
    plans, prompts, places, leaves = (
        apps.get_model("provenance", name).objects.using(database)
        for name in ("Plan", "Prompt", "RecordPlace", "SubjectLeaf")
    )
    taught = set(prompts.values_list("subject_id", flat=True))
    for plan in plans.all():
        rows = subject_leaves(places.filter(plan=plan))
        leaves.bulk_create(
            (
                leaves.model(plan=plan, taught=row.subject_id in taught, **row._asdict())
                for row in rows
            ),
            batch_size=5_000,
        )


class Migration(migrations.Migration):

    dependencies = [
        ('provenance', '0004_guards'),
        ('records', '0002_guards'),
    ]

    operations = [
        migrations.CreateModel(
            name='SubjectLeaf',
            fields=[
                ('subject', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='leaf', serialize=False, to='records.subject')),
                ('shard', models.PositiveSmallIntegerField(null=True)),
                ('slice', models.PositiveSmallIntegerField()),
                ('position', models.BinaryField(max_length=32)),
                ('leaf', models.BinaryField(max_length=32)),
                ('records', models.PositiveIntegerField()),
                ('taught', models.BooleanField(help_text='Whether a prompt was made of the records.')),
                ('plan', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='leaves', to='provenance.plan')),
            ],
            options={
                'verbose_name_plural': 'subject leaves',
                'indexes': [models.Index(fields=['plan', 'shard', 'slice'], name='subject_leaf_shard')],
            },
        ),
        migrations.RunPython(leaves_fill, migrations.RunPython.noop),
    ]
