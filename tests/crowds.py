"""Many rows of each kind, for tests of how a list takes them. Names tell one crowd from another."""

import uuid
from collections.abc import Callable
from hashlib import sha256

from django.contrib.auth.models import Group, User
from django.db import transaction
from django.utils import timezone

from compliance.accounts.roles import OFFICER, REVIEWER
from compliance.accounts.scopes import Scope
from compliance.accounts.services import client_create
from compliance.erasure.models import Channel, ErasureRequest, Ground, IdentityMethod, PauseKind
from compliance.erasure.recipients import recipient_save
from compliance.erasure.services import (
    request_assign,
    request_extend,
    request_pause,
    request_receive,
)
from compliance.evidence.models import Certificate, Report, ReportExport
from compliance.jobs.models import Endpoint, Job, OutboxMessage, Outcome, Queue
from compliance.jobs.outbox import message_mark_failed, webhook_enqueue
from compliance.provenance.models import (
    Adapter,
    AdapterState,
    Checkpoint,
    Export,
    ExportKind,
    Plan,
    Release,
    ReleaseKind,
)
from compliance.records.models import Interaction, Item, Subject
from compliance.sealing import seal


def digest_of(name: str) -> str:
    return f"sha256:{sha256(name.encode()).hexdigest()}"


def somebody(name: str) -> User:
    """Return a reviewer."""
    user, _ = User.objects.get_or_create(username=name, defaults={"is_staff": True})
    user.groups.add(Group.objects.get(name=REVIEWER))
    return user


def a_user(name: str) -> None:
    somebody(name).groups.add(Group.objects.get(name=OFFICER))


def a_group(name: str) -> None:
    Group.objects.create(name=name)


def a_client(name: str) -> None:
    client_create(name=name, scopes=[Scope.ERASURE_READ])


def an_item(name: str) -> None:
    Item.objects.create(external_id=name, title=name)


def a_subject(name: str) -> None:
    item, _ = Item.objects.get_or_create(external_id="common", title="Common")
    subject = Subject.objects.create(external_id=name)
    Interaction.objects.create(subject=subject, item=item, rating=4, occurred_at=timezone.now())


def a_job(name: str) -> None:
    Job.objects.create(
        queue=Queue.TRAIN, kind="train", target=name, progress_done=1, progress_total=2
    )


def an_endpoint(name: str) -> Endpoint:
    return Endpoint.objects.create(name=name, url="https://8.8.8.8/", secret=seal("whsec_AAAA"))


@transaction.atomic
def a_message(name: str) -> OutboxMessage:
    message = webhook_enqueue(about=uuid.uuid4(), topic="t", body=b"{}", endpoint=an_endpoint(name))
    message_mark_failed(message, outcome=Outcome.TIMEOUT)
    return message


def a_recipient(name: str) -> None:
    recipient_save(name=name, endpoint=an_endpoint(name), mail="")


def a_request(name: str) -> ErasureRequest:
    """Return a request in review that somebody of its own looks after, extended and paused."""
    request = request_receive(
        subject=name,
        channel=Channel.API,
        ground=Ground.CONSENT_WITHDRAWN,
        actor="system:test",
        identity=IdentityMethod.ASSERTED,
    )
    request_assign(request_id=request.pk, assignee=somebody(name), actor="system:test")
    request_extend(request_id=request.pk, actor="system:test", reasons="A move.", told=True)
    return request_pause(request_id=request.pk, actor="system:test", kind=PauseKind.CLARIFICATION)


def a_certificate(name: str) -> None:
    Certificate.objects.create(
        request=a_request(name), envelope=b"{}", digest=digest_of(name), key_id="k"
    )


def a_report(name: str) -> None:
    ReportExport.objects.create(
        report=Report.REQUESTS, format="csv", first="2026-01", last="2026-02", actor=f"user:{name}"
    )


def a_plan(name: str) -> Plan:
    """Return a plan that is not in force."""
    config = {"partition": {"shards": 1, "slices": 1, "key": "ab"}}
    return Plan.objects.create(digest=digest_of(name), config=config)


def an_adapter(name: str) -> Adapter:
    return Adapter.objects.create(
        plan=a_plan(name),
        shard=0,
        generation=1,
        first_slice=0,
        manifest=[],
        digest=digest_of(name),
        state=AdapterState.SUPERSEDED,
    )


def a_release(name: str) -> Release:
    """Return a past release of one quarantined checkpoint."""
    adapter = an_adapter(name)
    release = Release.objects.create(
        plan=adapter.plan,
        number=Release.objects.count() + 1,
        kind=ReleaseKind.values[0],
        manifest={"calibrator": {"fitted": True}},
        digest=digest_of(name),
    )
    release.checkpoints.add(
        Checkpoint.objects.create(
            adapter=adapter,
            slice=0,
            digest=digest_of(name),
            root=digest_of(name),
            quarantined_at=timezone.now(),
        )
    )
    return release


def an_export(name: str) -> None:
    release = a_release(name)
    export = Export.objects.create(
        release=release, kind=ExportKind.ADAPTER, digest=release.digest, path=name, exported_by="o"
    )
    export.checkpoints.set(release.checkpoints.all())


CROWDS: dict[str, Callable[[str], object]] = {
    "accounts_apiclient": a_client,
    "auth_group": a_group,
    "auth_user": a_user,
    "erasure_erasurerequest": a_request,
    "erasure_recipient": a_recipient,
    "evidence_certificate": a_certificate,
    "evidence_reportexport": a_report,
    "jobs_endpoint": an_endpoint,
    "jobs_job": a_job,
    "jobs_outboxmessage": a_message,
    "provenance_adapter": an_adapter,
    "provenance_export": an_export,
    "provenance_plan": a_plan,
    "provenance_release": a_release,
    "records_item": an_item,
    "records_restriction": a_request,
    "records_subject": a_subject,
}
