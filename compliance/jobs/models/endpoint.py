"""Where webhooks go."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class EndpointQuerySet(models.QuerySet["Endpoint"]):
    def listening(self) -> "EndpointQuerySet":
        """Endpoints that are told of every change of every request."""
        return self.filter(is_active=True, all_changes=True)


class Endpoint(models.Model):
    """A web address of the controller or of a recipient, and the secret that signs for it.

    One that has been used is switched off, not removed: what was delivered names it.
    """

    name = models.CharField(_("name"), max_length=100, unique=True)
    url = models.CharField(_("address"), max_length=500)
    secret = models.BinaryField(editable=False, help_text="Signs what is sent there, encrypted.")
    is_active = models.BooleanField(_("active"), default=True)
    all_changes = models.BooleanField(
        _("told of every change"),
        default=False,
        help_text=_(
            "It is told of each step of every request, without a word of whom it is about."
        ),
    )
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)

    objects = EndpointQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name = _("endpoint")
        verbose_name_plural = _("endpoints")

    def __str__(self) -> str:
        return self.name
