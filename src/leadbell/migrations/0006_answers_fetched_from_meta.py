from django.db import migrations, models

#: The mouth reads keys and secrets, not the tokens that open a dealer's Facebook page; the clockwork adds an
#: envelope for each further lead of a delivery.
GRANTS = """
revoke select on leadbell_source from leadbell_mouth;
grant select (id, dealer_id, name, origin, key, secret, created_at, revoked_at) on leadbell_source to leadbell_mouth;
grant insert on leadbell_envelope to leadbell_clockwork;
"""
BACK = """
revoke insert on leadbell_envelope from leadbell_clockwork;
grant select on leadbell_source to leadbell_mouth;
"""


class Migration(migrations.Migration):
    dependencies = [("leadbell", "0005_names_to_search_by")]
    operations = [
        migrations.AddField(
            model_name="source",
            name="access_token",
            field=models.CharField(blank=True, db_default="", default="", max_length=1000),
        ),
        migrations.AddField(
            model_name="envelope",
            name="fetch_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="envelope",
            name="fetch_tries",
            field=models.SmallIntegerField(db_default=0, default=0),
        ),
        migrations.AddIndex(
            model_name="source",
            index=models.Index(
                condition=models.Q(("access_token", ""), _negated=True), fields=["id"], name="source_fetches"
            ),
        ),
        migrations.AddIndex(
            model_name="envelope",
            index=models.Index(
                condition=models.Q(("dismissed_at__isnull", True), ("status", "quarantined")),
                fields=["source"],
                name="envelope_waiting",
            ),
        ),
        migrations.RunSQL(GRANTS, BACK),
    ]
