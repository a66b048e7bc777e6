"""API clients. People are Django's users."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from compliance.accounts.scopes import Scope


class ApiClientQuerySet(models.QuerySet["ApiClient"]):
    def usable(self) -> "ApiClientQuerySet":
        """Clients whose key is neither revoked nor expired."""
        now = timezone.now()
        return self.filter(revoked_at=None).filter(Q(expires_at=None) | Q(expires_at__gt=now))


class ApiClient(models.Model):
    """A machine that calls the API with a key.

    The key is `lethe_<key_id>_<secret>`. Only the SHA-256 of the secret is kept: it has 256 random
    bits, so a slow hash would add nothing.
    """

    name = models.CharField(max_length=100, unique=True)
    key_id = models.CharField(max_length=16, unique=True, editable=False)
    secret_digest = models.CharField(max_length=64, editable=False)
    scopes = ArrayField(models.CharField(max_length=40, choices=Scope.choices))
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, editable=False)

    objects = ApiClientQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name = "API client"

    def __str__(self) -> str:
        return self.name

    # What Django REST framework's permission classes ask of a request's user.
    is_authenticated = True
