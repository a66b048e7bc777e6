"""Branches of the tree over all leaves; Postgres drops one with any change of a leaf below it."""

import django.db.models.deletion
from django.db import migrations, models

import compliance.provenance.models

TRIGGERS = """
CREATE FUNCTION provenance_subjectleaf_branches() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM provenance_treebranch branch USING changed
        WHERE branch.plan_id = changed.plan_id
        AND branch.first_byte = get_byte(changed.position, 0);
    RETURN NULL;
END $$;
CREATE TRIGGER provenance_subjectleaf_added AFTER INSERT ON provenance_subjectleaf
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION provenance_subjectleaf_branches();
CREATE TRIGGER provenance_subjectleaf_removed AFTER DELETE ON provenance_subjectleaf
    REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION provenance_subjectleaf_branches();
CREATE TRIGGER provenance_subjectleaf_was AFTER UPDATE ON provenance_subjectleaf
    REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION provenance_subjectleaf_branches();
CREATE TRIGGER provenance_subjectleaf_is AFTER UPDATE ON provenance_subjectleaf
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION provenance_subjectleaf_branches();
"""
NO_TRIGGERS = """
DROP TRIGGER provenance_subjectleaf_added ON provenance_subjectleaf;
DROP TRIGGER provenance_subjectleaf_removed ON provenance_subjectleaf;
DROP TRIGGER provenance_subjectleaf_was ON provenance_subjectleaf;
DROP TRIGGER provenance_subjectleaf_is ON provenance_subjectleaf;
DROP FUNCTION provenance_subjectleaf_branches();
"""


class Migration(migrations.Migration):
    dependencies = [("provenance", "0008_export")]

    operations = [
        migrations.CreateModel(
            name="TreeBranch",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("first_byte", models.PositiveSmallIntegerField()),
                ("hash", models.BinaryField(max_length=32)),
                ("leaves", models.PositiveIntegerField()),
                ("records", models.PositiveBigIntegerField()),
                (
                    "plan",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="provenance.plan",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "tree branches",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("plan", "first_byte"), name="tree_branch_once"
                    )
                ],
            },
        ),
        migrations.AddIndex(
            model_name="subjectleaf",
            index=models.Index(
                models.F("plan"),
                compliance.provenance.models.FirstByte("position"),
                name="subject_leaf_branch",
            ),
        ),
        migrations.RunSQL(TRIGGERS, NO_TRIGGERS),
    ]
