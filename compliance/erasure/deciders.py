"""Who may decide requests at this moment: for what a worker does later in somebody's name."""

from django.contrib.auth.models import User

from compliance.accounts.models import ApiClient
from compliance.accounts.scopes import Scope


def may_decide(actor: str) -> bool:
    """Tell whether `user:3` can log in and may decide, or the key of `client:1` opens and may."""
    kind, _, number = actor.partition(":")
    if not number.isdigit():
        return False
    if kind == "client":
        client = ApiClient.objects.usable().filter(pk=number).first()
        return client is not None and Scope.ERASURE_DECIDE.value in client.scopes
    user = User.objects.filter(pk=number).first() if kind == "user" else None
    return bool(user and user.is_staff and user.is_active and user.has_perm("erasure.decide"))
