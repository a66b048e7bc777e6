"""Make, check, rotate and revoke the keys of API clients."""

import hmac
import re
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import sha256

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from compliance.accounts.models import ApiClient
from compliance.accounts.scopes import Scope

KEY_FORMAT = re.compile(r"lethe_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")
NO_DIGEST = "0" * 64
USE_STEP = timedelta(minutes=1)
MOST_OVERLAP = timedelta(days=90)


class ClientRefusedError(Exception):
    """What was asked of a client does not fit what it is."""


def client_create(
    *,
    name: str,
    scopes: Iterable[Scope],
    expires_at: datetime | None = None,
    calls_per_minute: int | None = None,
) -> tuple[ApiClient, str]:
    """Make an API client; return it with its key, which is shown this once and kept nowhere."""
    secret = secrets.token_urlsafe(32)
    client = ApiClient(
        name=name,
        key_id=secrets.token_hex(8),
        secret_digest=_digest(secret),
        scopes=sorted(set(scopes)),
        expires_at=expires_at,
        calls_per_minute=calls_per_minute,
    )
    try:
        with transaction.atomic():
            client.save(force_insert=True)
    except IntegrityError:
        taken = _("There is an API client “%(name)s” already. Choose another name.")
        raise ClientRefusedError(taken % {"name": name}) from None
    return client, _key(client, secret)


@transaction.atomic
def client_change(
    *,
    client_id: int,
    scopes: Iterable[Scope],
    expires_at: datetime | None,
    calls_per_minute: int | None,
) -> ApiClient:
    """Change what a client may do, how often and until when. Its key stays as it is."""
    client = _locked(client_id)
    client.scopes = sorted(set(scopes))
    client.expires_at, client.calls_per_minute = expires_at, calls_per_minute
    client.save(update_fields=["scopes", "expires_at", "calls_per_minute"])
    return client


@transaction.atomic
def client_rotate(
    *, client_id: int, overlap: timedelta, rotations: int | None = None
) -> tuple[ApiClient, str]:
    """Give a client a new key; the present one opens for `overlap` more, and an older one no more.

    `rotations` is how many the caller has seen: whoever comes second rotates nothing.
    """
    if not timedelta(0) <= overlap <= MOST_OVERLAP:
        raise ClientRefusedError(
            _("The overlap is from 0 to %(hours)d hours.") % {"hours": _hours(MOST_OVERLAP)}
        )
    client = _locked(client_id)
    if rotations not in (None, client.rotations):
        raise ClientRefusedError(
            _("The key has been rotated in the meantime. Nothing was changed.")
        )
    now, secret = timezone.now(), secrets.token_urlsafe(32)
    if client.expires_at and client.expires_at <= now:
        raise ClientRefusedError(_("The client has expired. Set another last day first."))
    client.former_digest = client.secret_digest if overlap else ""
    client.former_ends_at = now + overlap if overlap else None
    client.former_used_at = None
    client.secret_digest, client.rotations = _digest(secret), client.rotations + 1
    client.save(
        update_fields=[
            "former_digest",
            "former_ends_at",
            "former_used_at",
            "secret_digest",
            "rotations",
        ]
    )
    return client, _key(client, secret)


def client_revoke(*, client_id: int) -> bool:
    """Take all keys of a client out of use for good; False if they were before."""
    revoked = ApiClient.objects.filter(pk=client_id, revoked_at=None)
    return bool(revoked.update(revoked_at=timezone.now(), former_digest="", former_ends_at=None))


def client_authenticate(key: str) -> ApiClient | None:
    """Return the usable client that `key` belongs to. The comparison takes constant time."""
    match = KEY_FORMAT.fullmatch(key)
    client = ApiClient.objects.usable().filter(key_id=match[1]).first() if match else None
    given = _digest(match[2] if match else "")
    present = hmac.compare_digest(given, client.secret_digest if client else NO_DIGEST)
    former = hmac.compare_digest(given, _former(client))
    if client is None or not (present or former):
        return None
    _note_use(client, "last_used_at" if present else "former_used_at")
    return client


def _former(client: ApiClient | None) -> str:
    """Return the digest of the key before, while it still opens."""
    if client is None or client.former_ends_at is None or client.former_ends_at <= timezone.now():
        return NO_DIGEST
    return client.former_digest


def _note_use(client: ApiClient, column: str) -> None:
    """Keep the time of last use, to the minute, without a write for every call."""
    now = timezone.now()
    stale = Q(**{column: None}) | Q(**{f"{column}__lt": now - USE_STEP})
    ApiClient.objects.filter(stale, pk=client.pk).update(**{column: now})


def _locked(client_id: int) -> ApiClient:
    client = ApiClient.objects.select_for_update().get(pk=client_id)
    if client.revoked_at:
        raise ClientRefusedError(_("The client is revoked for good. Make a new one."))
    return client


def _key(client: ApiClient, secret: str) -> str:
    return f"lethe_{client.key_id}_{secret}"


def _hours(span: timedelta) -> int:
    return span // timedelta(hours=1)


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
