"""Make and check the keys of API clients."""

import hmac
import re
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import sha256

from django.db.models import Q
from django.utils import timezone

from compliance.accounts.models import ApiClient
from compliance.accounts.scopes import Scope

KEY_FORMAT = re.compile(r"lethe_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")
LAST_USED_STEP = timedelta(minutes=1)


def client_create(
    *, name: str, scopes: Iterable[Scope], expires_at: datetime | None = None
) -> tuple[ApiClient, str]:
    """Make an API client; return it with its key, which is shown this once and kept nowhere."""
    key_id, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
    client = ApiClient.objects.create(
        name=name,
        key_id=key_id,
        secret_digest=_digest(secret),
        scopes=sorted(set(scopes)),
        expires_at=expires_at,
    )
    return client, f"lethe_{key_id}_{secret}"


def client_authenticate(key: str) -> ApiClient | None:
    """Return the usable client that `key` belongs to. The comparison takes constant time."""
    match = KEY_FORMAT.fullmatch(key)
    client = ApiClient.objects.usable().filter(key_id=match[1]).first() if match else None
    given = _digest(match[2]) if match else _digest("")
    known = client.secret_digest if client else "0" * 64
    if not hmac.compare_digest(given, known) or client is None:
        return None
    _note_use(client)
    return client


def _note_use(client: ApiClient) -> None:
    """Keep the time of last use, to the minute, without a write for every call."""
    now = timezone.now()
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - LAST_USED_STEP)
    ApiClient.objects.filter(stale, pk=client.pk).update(last_used_at=now)


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
