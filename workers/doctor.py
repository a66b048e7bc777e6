"""What could be wrong with an installation, looked at one thing after the other, with a remedy."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection, connections
from django.db.migrations.executor import MigrationExecutor

from compliance import keyring
from compliance.evidence import keys
from compliance.jobs.models import Job, JobState, MessageState, OutboxMessage
from compliance.opendsr.keys import SignerError, certificate_path, signer
from compliance.provenance.artefacts import artefact_path
from compliance.provenance.exports import exports_out_of_service
from compliance.provenance.models import Adapter, Plan, Release
from compliance.provenance.plans import active_plan
from compliance.provenance.releases import REFIT, is_settled, live_release

RENEWAL = timedelta(days=30)  # before the end of a certificate
GUARDED = (
    "erasure_erasureevent",
    "erasure_erasurerequest",
    "erasure_recipientnotice",
    "erasure_touchedshard",
    "evidence_certificate",
    "jobs_deliveryattempt",
    "jobs_outboxmessage",
    "opendsr_opendsrrequest",
    "provenance_checkpoint",
    "provenance_export",
    "provenance_export_checkpoints",
    "provenance_release",
    "provenance_release_checkpoints",
    "provenance_serving",
    "records_suppression",
)


class Ill(Exception):
    """Something is wrong; the message says what, `remedy` what to do."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.remedy = remedy


@dataclass(frozen=True)
class Finding:
    """The outcome of one examination."""

    name: str
    healthy: bool
    detail: str
    remedy: str = ""


def examine() -> Iterator[Finding]:
    """Yield a finding for each examination. What needs an ill part to look at all is skipped."""
    ill: set[str] = set()
    for name, needs, look in EXAMINATIONS:
        if ill.isdisjoint(needs):
            finding = _finding(name, look)
            ill |= set() if finding.healthy else {name}
            yield finding


def _finding(name: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(name, True, look())
    except Ill as ill:
        return Finding(name, False, str(ill), ill.remedy)
    except Exception as error:  # a doctor reports what he does not know, too
        return Finding(name, False, f"{type(error).__name__}: {error}", "See docs/operate.md.")


def _postgres() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('server_version'), current_database()")
            version, database = cursor.fetchone()
    except DatabaseError as error:
        raise Ill(
            f"no answer: {error}",
            "Start the server that DATABASE_URL names, or unset it for the embedded one.",
        ) from None
    if int(version.split(".")[0]) < 14:
        raise Ill(f"version {version} is too old", "Use Postgres 14 or newer.")
    return f"{version}, database {database}"


def _roles() -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_user, rolsuper, (SELECT count(*) FROM pg_tables "
            "WHERE tableowner = current_user) FROM pg_roles WHERE rolname = current_user"
        )
        role, is_super, owned = cursor.fetchone()
    if is_super or owned:
        what = "is a superuser" if is_super else f"owns {owned} tables"
        raise Ill(
            f"the application's role {role} {what}, so it could switch the guards off",
            "Give DATABASE_URL a role of its own and DATABASE_OWNER_URL the owner's "
            "(docs/operate.md has the SQL).",
        )
    return f"{role} owns no table"


def _migrations() -> str:
    executor = MigrationExecutor(connections["owner"])
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        raise Ill(f"{len(missing)} migrations are not applied", "Run manage.py migrate.")
    return "all applied"


def _guards() -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
            "WHERE tgname = relname || '_no_truncate' AND tgenabled <> 'D'"
        )
        guarded = {row[0] for row in cursor.fetchall()}
    bare = sorted(set(GUARDED) - guarded)
    if bare:
        raise Ill(f"no guard on {', '.join(bare)}", "Restore the triggers: manage.py migrate.")
    return f"{len(GUARDED)} tables guarded"


def _broker() -> str:
    from workers.app import app

    try:
        with app.connection_for_write() as broker:
            broker.ensure_connection(max_retries=1, timeout=5)
            # It answers with the queue's length, which makes Redis answer at all.
            channel = cast(Any, broker.default_channel)
            channel.queue_declare("default", durable=True, auto_delete=False)
            return f"{broker.transport.driver_type} answers"
    except Exception as error:
        raise Ill(
            f"no answer: {type(error).__name__}",
            "Start the broker that CELERY_BROKER_URL names. Jobs are kept meanwhile.",
        ) from None


def _keys() -> str:
    try:
        for key in keyring.Key:
            keyring.secret(key)
        keys.load_private(Path(settings.KEYS_DIR))
    except (ImproperlyConfigured, keys.KeyFileError) as error:
        raise Ill(str(error), "Restore the key back-up, or run manage.py create_keys.") from None
    loose = [path for path in map(keyring.key_path, keyring.Key) if path.stat().st_mode & 0o077]
    if loose:
        raise Ill(f"others can read {loose[0]}", f"Run chmod 600 {loose[0]}.")
    return f"{len(keyring.Key)} secrets and a signing key in {settings.KEYS_DIR}"


def _base() -> str:
    from compliance.recommendations.errors import IncompleteReleaseError
    from compliance.recommendations.loading import plan_base
    from recmodel.base import load_base

    plan = active_plan()
    if plan is None:
        return load_base().digest[:19]
    try:
        base = plan_base(plan)
    except IncompleteReleaseError as error:
        raise Ill(str(error), "Do so on every machine that runs web or workers.") from None
    packs = "" if base.packs else ", one target a row"
    return f"{plan.config['base']['digest'][:19]} on {base.device}{packs}"


def _encoder() -> str:
    from recmodel.encoder import WHEEL, Encoder

    plan = active_plan()
    name = plan.config["encoder"]["name"] if plan else None
    encoder = Encoder.load(None if name in (None, WHEEL) else name)
    if plan and plan.config["encoder"]["digest"] != encoder.digest:
        raise Ill(f"{encoder.name} is not the plan's encoder", "Restore the encoder's files.")
    return f"{encoder.name} {encoder.digest[:19]}"


def _canary() -> str:
    from compliance.recommendations.loading import plan_base
    from recmodel import determinism

    determinism.configure()
    plan = active_plan()
    here = determinism.canary(plan_base(plan).device.type if plan else "cpu")
    trained = {adapter.environment.get("canary") for adapter in _active(plan)} if plan else set()
    if trained - {here}:
        raise Ill(
            "this machine's canary differs from that of adapters in service: a replay here would "
            "give other bits",
            "Let workers with the same processor kind, library versions and settings replay.",
        )
    return here[:19]


def _plan() -> str:
    from workers.building import PLAN_VERSION

    plan = active_plan()
    if plan is None:
        return "there is none yet"
    if plan.config.get("version") != PLAN_VERSION:
        raise Ill(
            f"plan {plan} was made by another version of Lethe",
            "Approve nothing before you have run manage.py train --new-plan.",
        )
    return f"{plan}, {plan.shards} shards of {plan.slices} slices"


def _calibrator() -> str:
    release, _ = live_release()
    if release is None:
        return "nothing has been released yet"
    if is_settled(release):
        return "fitted to the release"
    if Job.objects.filter(kind=REFIT, state__in=[JobState.QUEUED, JobState.RUNNING]).exists():
        return "the plan's own serves; a job fits the release's"
    raise Ill(
        "the plan's own calibrator serves, and no job fits the release's",
        "Look at the failed refit among the jobs, then run manage.py refresh.",
    )


def _artefacts() -> str:
    from recmodel.adapter import load_adapter

    release, _ = live_release()
    if release is None:
        return "nothing has been released yet"
    for digest in _served(release):
        path = artefact_path(digest)
        if not path.exists():
            raise Ill(f"{path} is missing", "Restore LETHE_ARTEFACTS, or retrain: train.")
        if load_adapter(path).digest != digest:
            raise Ill(f"{path} does not hold what its name says", "Restore it from a back-up.")
    return f"{release}, {release.checkpoints.count()} adapters, digests agree"


def _exports() -> str:
    out = [str(export.pk) for export in exports_out_of_service().order_by("pk")]
    if out:
        raise Ill(
            f"exported copies of weights that are out of service: {', '.join(out)}",
            "An erasure may have asked for it: destroy every copy (manage.py exports tells where "
            "they were written), then run manage.py exports --gone NUMBER.",
        )
    return "no exported copy is out of service"


def _messages() -> str:
    dead = OutboxMessage.objects.filter(state=MessageState.DEAD).count()
    if dead:
        raise Ill(
            f"{dead} messages could not be delivered",
            "See “Messages” in the admin for why; remedy that, then send them again there.",
        )
    if settings.EMAIL_BACKEND.endswith("console.EmailBackend"):
        return "no dead letters; mails are printed, for LETHE_EMAIL_URL is not set"
    return f"no dead letters; mails go to {settings.EMAIL_HOST}"


def _opendsr() -> str:
    if not certificate_path().exists():
        return "not set up"
    try:
        certificate = signer().certificate
    except SignerError as error:
        raise Ill("nothing is answered: there is no good signature", str(error)) from None
    left = certificate.not_valid_after_utc - datetime.now(UTC)
    if left < RENEWAL:
        raise Ill(
            f"the certificate expires in {left.days} days",
            "Renew it: manage.py opendsr_certificate makes a request to your authority.",
        )
    return f"signs as {settings.OPENDSR_DOMAIN} until {certificate.not_valid_after_utc:%Y-%m-%d}"


def _served(release: Release) -> list[str]:
    return sorted(set(release.checkpoints.values_list("digest", flat=True)))


def _active(plan: Plan) -> list[Adapter]:
    return list(plan.adapters.filter(state="active"))


# Name, the parts that it needs to look at all, how to look.
EXAMINATIONS: tuple[tuple[str, tuple[str, ...], Callable[[], str]], ...] = (
    ("Postgres", (), _postgres),
    ("Roles", ("Postgres",), _roles),
    ("Migrations", ("Postgres",), _migrations),
    ("Guards", ("Postgres", "Migrations"), _guards),
    ("Broker", (), _broker),
    ("Keys", (), _keys),
    ("Base model", ("Postgres", "Migrations"), _base),
    ("Encoder", ("Postgres", "Migrations"), _encoder),
    ("Canary", ("Postgres", "Migrations"), _canary),
    ("Plan", ("Postgres", "Migrations"), _plan),
    ("Calibrator", ("Postgres", "Migrations", "Plan"), _calibrator),
    ("Artefacts", ("Postgres", "Migrations"), _artefacts),
    ("Exports", ("Postgres", "Migrations"), _exports),
    ("Messages", ("Postgres", "Migrations"), _messages),
    ("OpenDSR", (), _opendsr),
)
