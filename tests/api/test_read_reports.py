"""GET /api/v1/reports/requests, /reports/monthly and /erasure-requests/{id}/case-file."""

import csv
import io
import json
import uuid
from typing import Any

import pytest
from django.test import Client

from compliance.accounts.scopes import Scope
from compliance.erasure.models import Channel, ErasureRequest, Ground, Step
from compliance.erasure.services import comment_add, request_receive
from compliance.evidence.models import ReportExport
from tests.api.conftest import Caller, is_problem, pointers
from tests.recommendations.world import make_client

LISTS = ["/api/v1/reports/requests", "/api/v1/reports/monthly"]


@pytest.fixture
def auditor(db: None) -> Caller:
    """A client that may read reports and nothing else."""
    return Caller(*make_client(Scope.REPORTS_READ, name="auditor"))


@pytest.fixture
def request_(db: None) -> ErasureRequest:
    request = request_receive(
        subject="alice", channel=Channel.API, ground=Ground.OBJECTION, actor="client:1"
    )
    comment_add(request_id=request.pk, actor="user:1", text="Asked twice.")
    return request


@pytest.fixture
def paths(request_: ErasureRequest) -> list[str]:
    return [*LISTS, case_file(request_)]


def case_file(request: ErasureRequest) -> str:
    return f"/api/v1/erasure-requests/{request.pk}/case-file"


def text_of(response: Any) -> str:
    content = response.getvalue() if response.streaming else response.content
    return content.decode()


def test_they_need_a_key(stranger: Caller, paths: list[str]) -> None:
    assert all(is_problem(stranger.get(path), 401) for path in paths)


def test_they_need_the_scope(paths: list[str]) -> None:
    every_other = Caller(*make_client(*set(Scope) - {Scope.REPORTS_READ}, name="others"))
    assert all(is_problem(every_other.get(path), 403) for path in paths)


def test_they_are_only_read(auditor: Caller, paths: list[str]) -> None:
    assert all(is_problem(auditor.post(path, {}), 405) for path in paths)


def test_the_list_is_json_unless_said_otherwise(auditor: Caller, request_: ErasureRequest) -> None:
    response = auditor.get(LISTS[0])
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json")
    (row,) = json.loads(text_of(response))["requests"]
    assert (row["id"], row["state"]) == (str(request_.pk), "awaiting_identity")


@pytest.mark.parametrize(
    ("query", "headers"),
    [("?format=csv", {}), ("", {"accept": "text/csv"})],
    ids=["query", "header"],
)
def test_csv_is_asked_for_by_format_or_accept(
    auditor: Caller, paths: list[str], query: str, headers: dict[str, str]
) -> None:
    for path in paths:
        response = auditor.get(path + query, **headers)
        assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert response.headers["Content-Disposition"].startswith("attachment; filename=")
        assert len(list(csv.reader(io.StringIO(text_of(response), newline="")))) > 1


def test_format_goes_before_accept(auditor: Caller, paths: list[str]) -> None:
    for path in paths:
        response = auditor.get(f"{path}?format=json", accept="text/csv, application/json")
        assert response.headers["Content-Type"] == "application/json"


def test_csv_for_excel_has_a_mark(auditor: Caller, paths: list[str]) -> None:
    for path in paths:
        assert text_of(auditor.get(f"{path}?format=csv&bom=true"))[0] == "\ufeff"
        assert text_of(auditor.get(f"{path}?format=csv"))[0] != "\ufeff"


def test_monthly_figures_come_by_month(auditor: Caller, request_: ErasureRequest) -> None:
    report = json.loads(text_of(auditor.get(LISTS[1])))
    assert len(report["months"]) == 12
    assert report["time_zone"] == "UTC"
    last = report["months"][-1]
    assert (last["month"], last["received"], last["open_at_end"]) == (report["last"], 1, 1)


def test_monthly_csv_has_a_column_for_each_article(auditor: Caller, db: None) -> None:
    text = text_of(auditor.get(f"{LISTS[1]}?format=csv&first=2024-01&last=2024-01"))
    header, row = csv.reader(io.StringIO(text, newline=""))
    assert "denied_17(3)(b)" in header
    assert "denied_by_article" not in header
    assert (row[0], set(row[1:-2]), row[-2:]) == ("2024-01", {"0"}, ["", ""])


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("first=2026-13", "/first"),
        ("first=january", "/first"),
        ("last=2999-01", "/last"),
        ("first=2024-05&last=2024-04", "/first"),
        ("first=2001-01&last=2024-04", "/first"),
        ("format=xml", "/format"),
        ("bom=yes", "/bom"),
        ("bom=yes&format=csv", "/bom"),
        ("month=2024-05", ""),
    ],
)
def test_what_cannot_be_reported_on_is_a_problem(
    auditor: Caller, path: str, query: str, field: str
) -> None:
    response = auditor.get(f"{path}?{query}")
    assert is_problem(response, 400)
    assert pointers(response) == [field]


def test_a_faulty_case_file_call_is_a_problem(auditor: Caller, request_: ErasureRequest) -> None:
    assert pointers(auditor.get(f"{case_file(request_)}?format=pdf")) == ["/format"]
    assert pointers(auditor.get(f"{case_file(request_)}?first=2024-01")) == [""]
    assert not request_.events.filter(step=Step.CASE_FILE_TAKEN).exists()


def test_a_problem_is_json_where_csv_was_asked_for(auditor: Caller) -> None:
    assert is_problem(auditor.get(f"{LISTS[0]}?first=x", accept="text/csv"), 400)


def test_what_nobody_writes_is_a_406(auditor: Caller, paths: list[str]) -> None:
    assert all(is_problem(auditor.get(path, accept="application/pdf"), 406) for path in paths)


def test_each_export_is_noted(auditor: Caller, db: None) -> None:
    auditor.get(f"{LISTS[1]}?format=csv&first=2024-01&last=2024-03")
    auditor.get(f"{LISTS[0]}?first=nonsense")
    (export,) = ReportExport.objects.all()
    assert auditor.client is not None
    assert (export.report, export.format, export.actor) == (
        "monthly",
        "csv",
        f"client:{auditor.client.pk}",
    )
    assert (export.first, export.last) == ("2024-01", "2024-03")


def test_to_ask_only_whether_it_is_there_is_no_export(
    auditor: Caller, request_: ErasureRequest, paths: list[str]
) -> None:
    for path in paths:
        response = Client().head(path, headers=auditor.headers)
        assert (response.status_code, response.content) == (200, b"")
    assert not ReportExport.objects.exists()
    assert not request_.events.filter(step=Step.CASE_FILE_TAKEN).exists()


def test_the_case_file_is_noted_in_the_history(auditor: Caller, request_: ErasureRequest) -> None:
    file = json.loads(text_of(auditor.get(case_file(request_))))
    assert file["events"][-1]["step"] == Step.CASE_FILE_TAKEN
    assert file["events"][-1]["actor"] == "auditor (API)"


def test_comments_are_for_keys_that_may_decide(auditor: Caller, request_: ErasureRequest) -> None:
    decider = Caller(*make_client(Scope.REPORTS_READ, Scope.ERASURE_DECIDE, name="decider"))
    assert json.loads(text_of(auditor.get(case_file(request_))))["comments"] is None
    (comment,) = json.loads(text_of(decider.get(case_file(request_))))["comments"]
    assert comment["text"] == "Asked twice."


def test_an_unknown_request_is_a_404(auditor: Caller) -> None:
    assert is_problem(auditor.get(f"/api/v1/erasure-requests/{uuid.uuid4()}/case-file"), 404)
