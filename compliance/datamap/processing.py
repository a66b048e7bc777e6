"""An extract for the controller's record of processing activities: Art. 30(1) GDPR.

It says what this system knows of itself; the rest of the record is the controller's to write.
"""

from collections.abc import Iterator
from typing import Any

from django.conf import settings

from compliance.datamap.columns import Category, Column, Whose
from compliance.datamap.tables import GROUPS, TABLES
from compliance.erasure.models import Recipient

PURPOSES = [
    "Recommending items to people, by a model that learns from their interactions",
    "Erasing personal data on request, and answering such requests (Art. 12 and 17)",
    "Restricting processing while a request is open (Art. 18)",
    "Telling those to whom records were disclosed (Art. 19)",
    "Proving what was erased, decided and answered (Art. 5(2))",
    "Keeping erased records from coming back with an import or a restore",
    "Letting staff and other systems in, and nobody else",
]
MEASURES = [
    "Identifiers in requests, addresses, reasons and messages are encrypted; keys are outside "
    "the database",
    "Digests of identifiers are keyed, each purpose with a key of its own",
    "The application's role in Postgres owns no table; triggers refuse changes of evidence",
    "Four roles for staff, scopes for systems; log-ins and calls are limited; looking at an "
    "identifier is a right of its own, and noted",
    "No identifiers in addresses, logs, error pages, events or messages of the broker",
    "Webhooks reach no private network and are signed; mails go out over TLS",
    "Weights that learned from erased records are out of service with the approval, retrained, "
    "replayed and certified",
    "A test keeps the map of personal data complete; retention runs daily",
]
BY_CONTROLLER = "to be stated by the controller"


def processing_record() -> dict[str, Any]:
    """Return the extract. It names recipients, and nobody whose records are held."""
    return {
        "controller": {
            "name": settings.CONTROLLER_NAME or BY_CONTROLLER,
            "contact": settings.PRIVACY_CONTACT or BY_CONTROLLER,
            "issuer_of_certificates": settings.ISSUER,
        },
        "purposes": PURPOSES,
        "categories": [_category(whose) for whose in Whose],
        "recipients": list(_recipients()),
        "transfers_to_third_countries": BY_CONTROLLER,
        "time_limits": list(_time_limits()),
        "security_measures": MEASURES,
    }


def _category(whose: Whose) -> dict[str, Any]:
    """Return what is held of one category of people."""
    held = [
        {"group": group, "data": sorted({said.holds for said in columns})}
        for group, columns in _by_group(whose)
        if columns
    ]
    return {"people": whose.value, "held": held}


def _by_group(whose: Whose) -> Iterator[tuple[str, list[Column]]]:
    for group, tables in GROUPS.items():
        said = (column for table in tables for column in table.columns.values())
        yield group, [each for each in said if _is_of(each, whose)]


def _is_of(said: Column, whose: Whose) -> bool:
    return said.category is not Category.NONE and said.whose is whose


def _recipients() -> Iterator[dict[str, Any]]:
    """Yield those who are told of erasures now, and how; no address."""
    for one in Recipient.objects.filter(is_active=True):
        yield {"name": one.name, "told_by": "webhook" if one.endpoint_id else "mail"}


def _time_limits() -> Iterator[dict[str, str]]:
    """Yield each fate once, in the order of the map, with the tables that it is for."""
    limits: dict[tuple[str, str], dict[str, None]] = {}
    for name, table in TABLES.items():
        for said in table.columns.values():
            if said.fate:
                limits.setdefault((said.fate.erased.value, said.fate.kept), {})[name] = None
    months = f"{settings.RETENTION_MONTHS} months"
    for (erased, kept), tables in limits.items():
        said_here = kept.replace("LETHE_RETENTION_MONTHS (36)", months)
        yield {"goes": erased, "kept": said_here, "tables": ", ".join(tables)}
