"""Make and change the endpoints that webhooks go to. The secret is shown where it is made."""

from compliance.jobs.addresses import target_of
from compliance.jobs.models import Endpoint
from compliance.jobs.signing import secret_generate
from compliance.sealing import seal


def endpoint_create(
    *, name: str, url: str, is_active: bool = True, all_changes: bool = False
) -> tuple[Endpoint, str]:
    """Make an endpoint; return it with its secret. Raise `AddressError` for a forbidden address."""
    target_of(url)
    secret = secret_generate()
    endpoint = Endpoint.objects.create(
        name=name, url=url, secret=seal(secret), is_active=is_active, all_changes=all_changes
    )
    return endpoint, secret


def endpoint_update(
    *, endpoint: Endpoint, name: str, url: str, is_active: bool, all_changes: bool
) -> None:
    """Change it. What is queued goes to the new address, or nowhere once it is switched off.

    Raise `AddressError` for a forbidden address.
    """
    if url != endpoint.url:
        target_of(url)
    endpoint.name, endpoint.url = name, url
    endpoint.is_active, endpoint.all_changes = is_active, all_changes
    endpoint.save(update_fields=["name", "url", "is_active", "all_changes"])


def endpoint_renew_secret(*, endpoint: Endpoint) -> str:
    """Give the endpoint another secret and return it. The next call is signed with it."""
    secret = secret_generate()
    endpoint.secret = seal(secret)
    endpoint.save(update_fields=["secret"])
    return secret
