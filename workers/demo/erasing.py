"""One person is forgotten: from the request over the API to the verified certificate."""

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from compliance.erasure.impact import impact_of
from compliance.erasure.models import ErasureRequest
from compliance.erasure.services import request_approve
from compliance.evidence import verifier
from compliance.evidence.keys import PUBLIC_NAME
from compliance.provenance.models import Adapter, Plan
from compliance.provenance.releases import served_checkpoints
from compliance.records.models import Interaction
from workers.demo.people import choose_subject
from workers.demo.story import Story
from workers.demo.waiting import follow_request
from workers.demo.weights import served_files


class DemoError(RuntimeError):
    """A step did not end as it must."""


@dataclass(frozen=True)
class Forgotten:
    """The subject by its identifier, and the adapters' files as they were before."""

    subject: str
    files: dict[int, dict[str, str]]


def erase(story: Story, plan: Plan) -> None:
    """Recommend to a training subject, erase it, wait for the certificate, and check everything."""
    subject, records = choose_subject(plan)
    forgotten = Forgotten(subject.external_id, served_files(plan))
    story.tell("4. Recommendations", "Over HTTP, from all adapters mixed.")
    story.recommend(forgotten.subject, f"For a person with {records} interactions")
    began = time.monotonic()
    request = _ask_and_approve(story, forgotten.subject)
    _show_interim(story, plan, request, forgotten.subject)
    story.tell("6. Retraining and replay", "By the worker processes, from the last clean slice.")
    request = follow_request(story.console, request, story.supervisor)
    story.seconds["erase_to_certificate"] = time.monotonic() - began
    _measure(story, plan, request, forgotten)
    _verify(story, request)


def _ask_and_approve(story: Story, subject: str) -> ErasureRequest:
    story.tell("5. Erasure", "The same person asks to be forgotten; the shop vouches for it.")
    answer = story.api.post(
        "/api/v1/erasure-requests", {"subject": subject, "identity_asserted": True}
    )
    story.console.print(f"Request {answer['id']}: {answer['state']}, due on {answer['due_on']}.")
    impact = impact_of(ErasureRequest.objects.get(pk=answer["id"]))
    request = request_approve(
        request_id=answer["id"],
        actor=f"user:{story.reviewer.user.pk}",
        digest=impact.digest,
    )
    story.console.print(f"A reviewer approves: {request.erased_interactions} interactions erased.")
    return request


def _show_interim(story: Story, plan: Plan, request: ErasureRequest, subject: str) -> None:
    """From the approval on, nothing is served that learned from the records."""
    touched = request.touched.get()
    slices = {row.adapter.shard: row.slice + 1 for row in served_checkpoints(plan)}
    left = slices.get(touched.shard, 0)
    story.console.print(
        f"Slice {touched.first_slice} of shard {touched.shard} learned from them. Of that shard "
        + (f"the checkpoint after {left} clean slices serves on." if left else "nothing serves.")
    )
    answer = story.recommend(subject, "The same person now: a stranger")
    if answer["release"] == request.release_before:
        raise DemoError(f"The API still serves {answer['release']}.")


def _measure(story: Story, plan: Plan, request: ErasureRequest, forgotten: Forgotten) -> None:
    touched = set(request.touched.values_list("shard", flat=True))
    retrained = Adapter.objects.filter(plan=plan, state="active", needs_replay=True)
    story.report |= {
        "shards": plan.shards,
        "touched_shards": len(touched),
        "retrained_adapters": retrained.count(),
        "erased_interactions": request.erased_interactions,
        "remaining_interactions_of_subject": Interaction.objects.filter(
            subject__external_id=forgotten.subject
        ).count(),
        "replay": retrained.get().replay,
        "release_before": request.release_before,
        "release_after": request.release_after,
        "other_adapters_unchanged": _without(forgotten.files, touched)
        == _without(served_files(plan), touched),
    }


def _without(files: dict[int, dict[str, str]], shards: set[int]) -> dict[int, dict[str, str]]:
    return {shard: digests for shard, digests in files.items() if shard not in shards}


def _verify(story: Story, request: ErasureRequest) -> None:
    """Fetch the certificate and check it as a stranger would: a file, a key and one script."""
    story.tell("7. Certificate", "Checked offline, by one file that knows no database.")
    path = Path(settings.VAR_DIR) / "certificate.json"
    path.write_bytes(story.api.get_bytes(f"/api/v1/erasure-requests/{request.pk}/certificate"))
    done = subprocess.run(
        [sys.executable, "-I", verifier.__file__, str(path), "--key", _public_key()],
        capture_output=True,
        text=True,
        env={},
        check=False,
    )
    story.console.print(done.stdout.rstrip(), highlight=False)
    story.report["certificate_verified"] = done.returncode == 0


def _public_key() -> str:
    return str(Path(settings.KEYS_DIR) / PUBLIC_NAME)
