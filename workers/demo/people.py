"""Who takes part in the demo: a client with a key, a reviewer with a log-in, and a subject."""

import secrets
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db.models import Count

from compliance.accounts.scopes import Scope
from compliance.accounts.services import client_create
from compliance.provenance.models import Plan
from compliance.records.models import Subject


@dataclass(frozen=True)
class LogIn:
    """How to look around afterwards."""

    user: User
    password: str


def make_client() -> str:
    """Make an API client that may do all that the demo does; return its key."""
    _, key = client_create(name="Demo shop", scopes=list(Scope))
    return key


def make_reviewer() -> LogIn:
    """Make a person who may see and decide everything."""
    password = secrets.token_urlsafe(9)
    user = User.objects.create_superuser("demo", password=password)
    return LogIn(user=user, password=password)


def choose_subject(plan: Plan) -> tuple[Subject, int]:
    """Return the training subject whose number of records is the median, and that number."""
    subjects = list(
        Subject.objects.filter(prompts__plan=plan, prompts__shard__isnull=False)
        .annotate(records=Count("interactions", distinct=True))
        .order_by("records", "external_id")
    )
    subject = subjects[len(subjects) // 2]
    return subject, subject.records
