"""Clear or remove what is past its time, by the rules of the map."""

from django.db import transaction
from django.utils import timezone

from compliance.datamap.rules import RULES


def retention_due() -> dict[str, int]:
    """Return how many rows each rule would clear or remove now. Changes nothing."""
    now = timezone.now()
    return {rule.name: rule.due(now).count() for rule in RULES}


def retention_run() -> dict[str, int]:
    """Clear or remove what is due, each rule in a transaction of its own; return how many rows.

    Events, certificates and other evidence are no part of any rule.
    """
    done: dict[str, int] = {}
    for rule in RULES:
        with transaction.atomic():
            done[rule.name] = rule.apply(timezone.now())
    return done
