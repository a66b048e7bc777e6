"""Measure what a reviewer and a client wait for: preview, approval, and long lists of requests.

    python -m benchmarks.requests [--json] [--subjects 2000] [--records 64] [--requests 100000]

On a Postgres of its own, with default settings, that commits to the disk. A plan with K = 8 shards
by taste, R = 4 slices and a tenth of the subjects for validation is in force; every shard is
trained, by stand-ins: an approval reads no tensor. Each round takes another subject: it asks, a
reviewer previews (`impact_of`, the service behind page and API, from the request's row on) and
approves (`request_approve` with its commit and the wake-up of the workers); then, untimed, the
retraining is done by stand-ins, so that the next one again touches a shard that is whole.

Lists are asked for through all of Django, in this process: pages of the queue in the admin and of
the API, first, later and filtered. `list_p95_ms_100k_requests` is that of the slowest of them.

Times are wall-clock milliseconds. What is measured is measured alone: no other client calls.
"""

import argparse
import json
import math
import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from rich.console import Console
from rich.table import Table

from benchmarks.requests_world import (
    SHARDS,
    SLICES,
    analyze,
    installation,
    make_plan,
    make_requests,
    settle,
)

WARM_UP, APPROVALS, CALLS = 5, 100, 40
WANTED = {"preview_p95_ms": 100.0, "approve_p95_ms": 250.0, "list_p95_ms_100k_requests": 200.0}

Figures = dict[str, float]


class Stopwatch:
    """Collects how long things take, in milliseconds."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    @contextmanager
    def running(self) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.taken.append(1e3 * (time.perf_counter() - began))

    def figures(self, name: str) -> Figures:
        """Return the median and the 95th percentile (nearest rank), without the warm-up."""
        ordered = sorted(self.taken[WARM_UP:])
        return {
            f"{name}_p50_ms": statistics.median(ordered),
            f"{name}_p95_ms": ordered[math.ceil(0.95 * len(ordered)) - 1],
        }


def decisions(plan: Any, subjects: int) -> Figures:
    """Preview and approve the requests of subjects that are spread over all shards."""
    from compliance.erasure.impact import impact_of
    from compliance.erasure.models import ErasureRequest
    from compliance.erasure.services import request_approve

    preview, approve = Stopwatch(), Stopwatch()
    for name in _spread(subjects):
        request_id = _ask(name)
        with preview.running():
            digest = impact_of(ErasureRequest.objects.get(pk=request_id)).digest
        with approve.running():
            request_approve(request_id=request_id, actor="user:1", digest=digest)
        settle(plan)
    return preview.figures("preview") | approve.figures("approve")


def lists(requests: int) -> tuple[Figures, dict[str, Figures]]:
    """Ask for pages of the queue and of the API; return the slowest, and each."""
    each = {name: _timed(call) for name, call in _calls(requests)}
    slowest = max(each.values(), key=lambda figures: figures["page_p95_ms"])
    figures = {
        "list_p50_ms_100k_requests": slowest["page_p50_ms"],
        "list_p95_ms_100k_requests": slowest["page_p95_ms"],
    }
    return figures, each


def _spread(subjects: int) -> Iterable[str]:
    """Return as many subjects as rounds, evenly over all; their shards are drawn by their taste."""
    rounds = WARM_UP + APPROVALS
    return (f"s-{place * subjects // rounds}" for place in range(rounds))


def _ask(subject: str) -> Any:
    from compliance.erasure.models import Channel, Ground, IdentityMethod
    from compliance.erasure.services import request_receive

    return request_receive(
        subject=subject,
        channel=Channel.API,
        ground=Ground.CONSENT_WITHDRAWN,
        actor="client:1",
        identity=IdentityMethod.ASSERTED,
        request_id=uuid4(),
    ).pk


def _timed(call: Callable[[], Any]) -> Figures:
    watch = Stopwatch()
    for _ in range(WARM_UP + CALLS):
        with watch.running():
            response = call()
            _ = response.content
        assert response.status_code == 200, response.status_code
    return watch.figures("page")


def _calls(requests: int) -> list[tuple[str, Callable[[], Any]]]:
    from django.contrib import admin
    from django.contrib.auth.models import Group, User
    from django.test import Client

    from compliance.accounts.roles import OFFICER
    from compliance.accounts.scopes import Scope
    from compliance.accounts.services import client_create
    from compliance.erasure.models import MAX_ITEMS, ErasureRequest

    officer = User.objects.create_user("otto", is_staff=True)
    officer.groups.add(Group.objects.get(name=OFFICER))
    browser = Client(SERVER_NAME="localhost")
    browser.force_login(officer)
    _, key = client_create(name="bench", scopes=[Scope.ERASURE_READ])
    machine = Client(SERVER_NAME="localhost", headers={"authorization": f"Bearer {key}"})
    queue, api = "/admin/erasure/erasurerequest/", "/api/v1/erasure-requests"
    second = machine.get(api).json()["next"]
    last = -(-min(requests, MAX_ITEMS) // admin.site._registry[ErasureRequest].list_per_page)
    return [
        ("admin, first page", lambda: browser.get(queue)),
        ("admin, last page that is shown", lambda: browser.get(f"{queue}?p={last}")),
        ("admin, open", lambda: browser.get(f"{queue}?answer=open")),
        ("admin, overdue", lambda: browser.get(f"{queue}?due=overdue")),
        ("admin, denied", lambda: browser.get(f"{queue}?state__exact=denied")),
        ("API, first page", lambda: machine.get(api)),
        ("API, second page", lambda: machine.get(second)),
        ("API, in review", lambda: machine.get(f"{api}?state=in_review")),
        ("API, overdue", lambda: machine.get(f"{api}?overdue=true")),
        ("API, not overdue", lambda: machine.get(f"{api}?overdue=false")),
    ]


def measure(server: Any, subjects: int, records: int, requests: int) -> dict[str, Any]:
    """Return all figures, and the sizes that they are of."""
    from compliance.provenance.models import Prompt
    from compliance.records.models import Interaction

    plan = make_plan(subjects, records)
    analyze(server)
    sizes = {
        "subjects": subjects,
        "records": Interaction.objects.count(),
        "prompts": Prompt.objects.count(),
        "shards": SHARDS,
        "slices": SLICES,
        "requests": requests,
        "approvals": APPROVALS,
        "calls_of_each_list": CALLS,
        "warm_up": WARM_UP,
    }
    decided = decisions(plan, subjects)
    return decided | {"sizes": sizes}


def show(found: dict[str, Any]) -> None:
    """Print the figures as a table, those that are wanted with whether they are met."""
    table = Table("figure", "wanted", "measured", "")
    for name, figure in found.items():
        if isinstance(figure, dict):
            continue
        limit = WANTED.get(name)
        verdict = "" if limit is None else "met" if figure <= limit else "[bold red]missed[/]"
        table.add_row(name, "" if limit is None else f"<= {limit:.0f}", f"{figure:.1f}", verdict)
    for name, page in found["lists"].items():
        table.add_row(name, "", "{page_p50_ms:.1f} / {page_p95_ms:.1f}".format(**page), "")
    console = Console()
    console.print(table)
    console.print(", ".join(f"{name} {size:,}" for name, size in found["sizes"].items()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--subjects", type=int, default=2_000)
    parser.add_argument("--records", type=int, default=64, help="of a subject, on average")
    parser.add_argument("--requests", type=int, default=100_000, help="in the lists")
    given = parser.parse_args()
    if given.subjects < WARM_UP + APPROVALS:
        parser.error(f"--subjects must be {WARM_UP + APPROVALS} or more: each round erases one")
    with installation() as server:
        found = measure(server, given.subjects, given.records, given.requests)
        make_requests(server, given.requests)
        slowest, each = lists(given.requests)
        sizes = found.pop("sizes")
        found |= slowest | {"lists": each, "sizes": sizes}
    print(json.dumps(found, indent=2)) if given.json else show(found)


if __name__ == "__main__":
    main()
