"""The log-in of people: counted by account and by address, alike for known and unknown ones."""

import unicodedata
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from unfold.forms import AuthenticationForm

from compliance.accounts.addresses import client_address
from compliance.accounts.throttling import throttle_clear, throttle_hit

ACCOUNT, ADDRESS = "log-in to account", "log-in from address"


class LoginForm(AuthenticationForm):
    """Counts before it looks anybody up, so that all names are treated alike."""

    def clean(self) -> dict[str, Any]:
        name = self.cleaned_data.get("username")
        if name is None or not self.cleaned_data.get("password"):
            return dict(self.cleaned_data)
        from_here = self._hit(ADDRESS, client_address(self.request))
        if wait := max(from_here, self._hit(ACCOUNT, _alike(name))):
            raise ValidationError(_too_often(wait), code="too_often")
        cleaned: dict[str, Any] = super().clean()
        throttle_clear(ACCOUNT, _alike(name))
        return cleaned

    def _hit(self, what: str, who: str) -> int:
        limit = settings.LOGIN_ATTEMPTS_PER_ADDRESS if what == ADDRESS else settings.LOGIN_ATTEMPTS
        return throttle_hit(what, who, limit=limit, seconds=settings.LOGIN_WINDOW_MINUTES * 60) or 0


def _alike(name: str) -> str:
    """Return one spelling for all that look the same, so that none buys further attempts."""
    return unicodedata.normalize("NFKC", name).casefold().strip()


def _too_often(wait: int) -> str:
    at = timezone.localtime(timezone.now() + timedelta(seconds=wait, minutes=1))
    return _("Too many attempts to log in. Nothing was checked. Try again at %(time)s.") % {
        "time": date_format(at, "H:i T")
    }
