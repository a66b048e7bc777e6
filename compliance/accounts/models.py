"""API clients, and counters of attempts. People are Django's users."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from compliance.accounts.scopes import Scope

MOST_CALLS = 1_000_000  # a minute


class ApiClientQuerySet(models.QuerySet["ApiClient"]):
    def usable(self) -> "ApiClientQuerySet":
        """Clients whose key is neither revoked nor expired."""
        now = timezone.now()
        return self.filter(revoked_at=None).filter(Q(expires_at=None) | Q(expires_at__gt=now))


class ApiClient(models.Model):
    """A machine that calls the API with a key.

    The key is `lethe_<key_id>_<secret>`. Only the SHA-256 of the secret is kept: it has 256 random
    bits, so a slow hash would add nothing. After a rotation the former secret opens for a while.
    """

    name = models.CharField(_("name"), max_length=100, unique=True)
    key_id = models.CharField(max_length=16, unique=True, editable=False)
    secret_digest = models.CharField(max_length=64, editable=False)
    scopes = ArrayField(models.CharField(max_length=40, choices=Scope.choices))
    created_at = models.DateTimeField(_("made on"), default=timezone.now, editable=False)
    former_digest = models.CharField(max_length=64, blank=True, editable=False)
    former_ends_at = models.DateTimeField(null=True, editable=False)
    former_used_at = models.DateTimeField(null=True, editable=False)
    rotations = models.PositiveIntegerField(default=0, editable=False)
    calls_per_minute = models.PositiveIntegerField(
        null=True, blank=True, help_text="Empty for the limit that all clients have."
    )
    expires_at = models.DateTimeField(_("expires on"), null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used on"), null=True, editable=False)

    objects = ApiClientQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name = _("API client")
        verbose_name_plural = _("API clients")

    def __str__(self) -> str:
        return self.name

    @property
    def is_usable(self) -> bool:
        """Whether its key opens; as `usable()` says it for all."""
        return not self.revoked_at and not (self.expires_at and self.expires_at <= timezone.now())

    # What Django REST framework's permission classes ask of a request's user.
    is_authenticated = True


class Throttle(models.Model):
    """How often something was tried in the present window. See `throttling.py`.

    The table is not logged by Postgres: a crash empties it, and no call waits for a disk.
    """

    key = models.BinaryField(primary_key=True, max_length=32)
    ends_at = models.DateTimeField()
    count = models.PositiveIntegerField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.count} until {self.ends_at}"
