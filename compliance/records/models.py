"""What the recommender learns from: items, subjects and their interactions."""

from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

RATING_MIN = Decimal("0")
RATING_MAX = Decimal("10")
CLASS_LENGTH = 50


class Language(models.TextChoices):
    """What a subject can be written to in."""

    ENGLISH = "en", "English"
    GERMAN = "de", "German"


class Item(models.Model):
    """A thing that can be recommended. Catalogue data, not personal."""

    external_id = models.CharField(_("external id"), max_length=200, unique=True)
    title = models.CharField(_("title"), max_length=500)
    attributes = models.JSONField(default=dict, help_text="Names and texts, such as genres, year.")
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)

    class Meta:
        ordering = ["external_id"]
        verbose_name = _("item")
        verbose_name_plural = _("items")
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
    contact = models.BinaryField(null=True, help_text="Mail address, encrypted; null if unknown.")
    language = models.CharField(
        max_length=2,
        choices=Language.choices,
        blank=True,
        default="",
        db_default="",
        help_text="What the person is written to in; empty if unknown.",
    )
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("subject")
        verbose_name_plural = _("subjects")
        constraints = [
            models.CheckConstraint(condition=~Q(external_id=""), name="subject_has_external_id"),
            models.CheckConstraint(
                condition=Q(language__in=["", *Language.values]), name="subject_language_is_known"
            ),
        ]

    def __str__(self) -> str:
        # The identifier is personal: pages that may show it ask for it by name.
        return _("subject #%(number)s") % {"number": self.pk}


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


class Restriction(models.Model):
    """A subject that nothing may be learned from while its request is open (GDPR Art. 18).

    It stands from verified identity to the decision; where nothing is erased, until the person has
    been told. `tag` is a keyed digest of the subject's
    identifier; the identifier and the scope themselves are encrypted.
    """

    request_id = models.UUIDField(unique=True)
    tag = models.BinaryField(max_length=32, db_index=True)
    identity = models.BinaryField()
    scope = models.BinaryField(null=True, help_text="Null: everything.")
    since = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["pk"]
        verbose_name = _("restriction")
        verbose_name_plural = _("restrictions")

    def __str__(self) -> str:
        return f"restriction #{self.pk}"


class ParkedInteraction(models.Model):
    """A record that came in for a restricted subject, inside the scope of its request.

    Nothing reads it. It becomes an interaction when the restriction is lifted, and goes with the
    rest when the request is approved. `tag` recognises one that comes twice.
    """

    restriction = models.ForeignKey(Restriction, on_delete=models.CASCADE, related_name="parked")
    tag = models.BinaryField(max_length=32, unique=True)
    content = models.BinaryField(help_text="Item, rating and time, encrypted.")
    parked_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"parked interaction #{self.pk}"
