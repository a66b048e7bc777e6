"""Typed reading of environment variables: a bad value stops the start with the variable's name."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import dj_database_url
from django.core.exceptions import ImproperlyConfigured


def env_str(name: str, default: str | None = None) -> str:
    """Return the variable, or `default`; raise `ImproperlyConfigured` when neither is there."""
    value = os.environ.get(name, default)
    if value is None:
        raise ImproperlyConfigured(f"{name} is not set. Set it in the environment.")
    return value


def env_bool(name: str, default: bool) -> bool:
    """Return a variable that must read `true` or `false`."""
    value = os.environ.get(name, str(default)).strip().lower()
    if value not in {"true", "false"}:
        raise ImproperlyConfigured(f"{name} is {value!r}. Use 'true' or 'false'.")
    return value == "true"


def env_int(name: str, default: int, *, least: int = 0) -> int:
    """Return a whole number that is at least `least`."""
    value = os.environ.get(name, str(default))
    try:
        number = int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} is {value!r}. Use a whole number.") from None
    if number < least:
        raise ImproperlyConfigured(f"{name} is {number}. Use {least} or more.")
    return number


def env_list(name: str, default: str) -> list[str]:
    """Return a comma-separated variable as a list without empty entries."""
    return [part.strip() for part in os.environ.get(name, default).split(",") if part.strip()]


# Without these a host that is gone without a word holds a connection for hours, and its worker or
# request with it. The lease of a job runs out meanwhile: another worker does it.
PATIENCE: dict[str, Any] = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,  # milliseconds
}


def env_database(name: str, default: str | None = None) -> dict[str, Any]:
    """Return Django's settings for a database URL: `postgresql://user:password@host/name`.

    What its query says (`?connect_timeout=3`) goes before `PATIENCE`.
    """
    url = env_str(name, default)
    if not url.startswith(("postgres://", "postgresql://")):
        raise ImproperlyConfigured(f"{name} is no address of a Postgres: postgresql://…")
    parsed = dj_database_url.parse(url, conn_max_age=60, conn_health_checks=True)
    found: dict[str, Any] = {**parsed}
    return found | {"OPTIONS": PATIENCE | found.get("OPTIONS", {})}


def env_time_zone(name: str, default: str) -> str:
    """Return the name of a time zone, such as Europe/Berlin."""
    value = os.environ.get(name, default)
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError):
        raise ImproperlyConfigured(f"{name} is {value!r}. Use a name like Europe/Berlin.") from None
    return value


@dataclass(frozen=True)
class MailServer:
    """Who takes our mails, in the words of Django's settings."""

    backend: str
    host: str = "localhost"
    port: int = 25
    user: str = ""
    password: str = ""
    tls: bool = False
    starttls: bool = False


def env_mail(name: str) -> MailServer:
    """Return the mail server of `smtps://user:password@host:465` or `smtp://…@host:587`.

    `smtp` changes to TLS before anything is said, but for a server on this machine. Without the
    variable mails are printed.
    """
    url = os.environ.get(name, "")
    if not url:
        return MailServer("django.core.mail.backends.console.EmailBackend")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.scheme not in {"smtp", "smtps"} or parts.path.strip("/") or parts.query:
        # It may hold a password: the value is not quoted.
        raise ImproperlyConfigured(
            f"{name} is no address of a mail server. Use smtps://user:password@host:465 or "
            "smtp://user:password@host:587, with special characters as %XX."
        )
    tls, here = parts.scheme == "smtps", host in {"localhost", "127.0.0.1", "::1"}
    return MailServer(
        backend="django.core.mail.backends.smtp.EmailBackend",
        host=host,
        port=port or (465 if tls else 25 if here else 587),
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        tls=tls,
        starttls=not tls and not here,
    )


def env_path(name: str, default: Path) -> Path:
    """Return an absolute path; `~` is expanded."""
    return Path(os.environ.get(name, default)).expanduser().resolve()


def write_once(path: Path, text: str) -> bool:
    """Write a secret file that only its owner reads; False if it stands already.

    The file appears whole or not at all, whoever else starts at the same moment.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    draft.touch(mode=0o600)
    draft.write_text(text, encoding="ascii")
    try:
        os.link(draft, path)
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    return True
