"""What the recommender learns from: items, subjects and their interactions."""

from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

RATING_MIN = Decimal("0")
RATING_MAX = Decimal("10")
CLASS_LENGTH = 50


class Item(models.Model):
    """A thing that can be recommended. Catalogue data, not personal."""

    external_id = models.CharField(max_length=200, unique=True)
    title = models.CharField(max_length=500)
    attributes = models.JSONField(default=dict, help_text="Names and texts, such as genres, year.")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["external_id"]
        constraints = [
            models.CheckConstraint(condition=~Q(external_id=""), name="item_has_external_id"),
            models.CheckConstraint(condition=~Q(title=""), name="item_has_title"),
        ]

    def __str__(self) -> str:
        return self.title


class ItemEmbedding(models.Model):
    """An item's sentence embedding, computed alone and stored once per item text and encoder."""

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="embeddings")
    encoder = models.CharField(max_length=71, help_text="Digest of the encoder.")
    text_digest = models.CharField(max_length=71)
    vector = models.BinaryField(help_text="Little-endian float32.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item", "encoder"], name="embedding_once_per_encoder"),
        ]

    def __str__(self) -> str:
        return f"embedding of item {self.item_id}"


class Subject(models.Model):
    """A person, known by the identifier that the controller uses. Personal data."""

    external_id = models.CharField(max_length=200, unique=True)
    erasure_class = models.CharField(
        max_length=CLASS_LENGTH,
        blank=True,
        default="",
        db_default="",
        help_text="How likely an erasure is, as the operator sees it: a class that plans may name.",
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(external_id=""), name="subject_has_external_id"),
        ]

    def __str__(self) -> str:
        # The identifier is personal: pages that may show it ask for it by name.
        return f"subject #{self.pk}"


class Interaction(models.Model):
    """One subject's rating of one item at one time. Personal data, and the unit of provenance."""

    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="interactions")
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="interactions")
    rating = models.DecimalField(max_digits=4, decimal_places=2)
    occurred_at = models.DateTimeField()
    ingested_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject", "item", "occurred_at"], name="interaction_once"
            ),
            models.CheckConstraint(
                condition=Q(rating__gte=RATING_MIN, rating__lte=RATING_MAX),
                name="interaction_rating_in_range",
            ),
            models.CheckConstraint(
                condition=Q(occurred_at__lte=F("ingested_at")), name="interaction_not_in_future"
            ),
        ]

    def __str__(self) -> str:
        return f"interaction #{self.pk}"


class Suppression(models.Model):
    """Keeps erased records from coming back with the next import or a restore.

    Holds no identifier: `tag` is a keyed digest of the subject's, `part` one of an item or a record
    of the subject, and the key is outside the database. Records dated after `until` are welcome:
    the person may come back as a customer.
    """

    tag = models.BinaryField(max_length=32)
    part = models.BinaryField(max_length=32, default=b"", help_text="Empty: all items.")
    since = models.DateTimeField(null=True, help_text="Null: any time.")
    until = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tag", "part", "since"], name="suppression_once"),
            models.UniqueConstraint(
                fields=["tag", "part"],
                condition=Q(since=None),
                name="suppression_once_for_all_time",
            ),
        ]

    def __str__(self) -> str:
        return f"suppression #{self.pk}"
