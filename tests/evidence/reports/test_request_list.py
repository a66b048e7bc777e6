"""The list of requests: one row each, with its clock, its end and its counts; nobody is named."""

import json
import tracemalloc
from datetime import UTC, date, datetime
from itertools import islice

import psutil
import pytest
from django.db import connection
from django.utils import timezone

from compliance.erasure.models import ErasureRequest, PauseKind, Refusal
from compliance.erasure.parts import Part
from compliance.erasure.services import (
    request_cancel,
    request_deny,
    request_expire,
    request_extend,
    request_pause,
    request_unpause,
)
from compliance.erasure.services.receiving import Origin
from compliance.evidence.models import Report
from compliance.evidence.reports.exporting import Wish, report_pieces
from compliance.evidence.reports.formats import Format
from compliance.evidence.reports.periods import Month, Period
from compliance.evidence.reports.requests import COLUMNS, monthly_figures, request_rows
from compliance.records.scope import Scope
from tests.admin.conftest import make_trained_plan
from tests.approving import approve
from tests.erasure.conftest import ALICE, RITA, ask

pytestmark = pytest.mark.django_db

YEAR = Period(Month(2026, 1), Month(2026, 12))
JANUARY, FEBRUARY = (Period(Month(2026, m), Month(2026, m)) for m in (1, 2))


def row_of(request: ErasureRequest) -> dict:
    (row,) = [row for row in request_rows(YEAR) if row["id"] == request.pk]
    return dict(row)


def test_an_open_request_has_days_left(at):
    at("2026-01-31T12:00")
    request = ask(checked=False)
    at("2026-02-27T12:00")
    row = row_of(request)
    assert (row["state"], row["started_on"], row["due_on"]) == (
        "awaiting_identity",
        date(2026, 1, 31),
        date(2026, 2, 28),
    )
    assert (row["days_left"], row["overdue"], row["in_time"], row["ended_at"]) == (
        1,
        False,
        None,
        None,
    )


def test_an_overdue_request_says_so(at):
    at("2026-01-31T12:00")
    request = ask()
    at("2026-03-02T12:00")
    row = row_of(request)
    assert (row["days_left"], row["overdue"]) == (-2, True)


def test_a_paused_clock_stands_and_then_moves_the_date(at):
    at("2026-01-31T12:00")
    request = ask()
    at("2026-02-10T09:00")
    request_pause(request_id=request.pk, actor=RITA, kind=PauseKind.CLARIFICATION)
    at("2026-02-15T18:00")
    assert (row_of(request)["paused_on"], row_of(request)["days_left"]) == (date(2026, 2, 10), 18)
    request_unpause(request_id=request.pk, actor=RITA)
    row = row_of(request)
    assert (row["due_on"], row["due_on_without_pauses"]) == (date(2026, 3, 5), date(2026, 2, 28))
    assert (row["pauses"], row["paused_days"], row["paused_on"]) == (1, 5, None)


def test_an_extension_counts_once_it_is_in_force(at):
    at("2026-01-31T12:00")
    request = ask()
    request_extend(request_id=request.pk, actor=RITA, reasons="Many systems.", told=True)
    row = row_of(request)
    assert row["due_on"] == row["due_on_without_pauses"] == date(2026, 4, 30)
    assert row["extended_at"] == row["extension_decided_at"] == timezone.now()


def test_a_denied_request_has_article_and_days_to_the_answer(at):
    at("2026-01-31T12:00")
    request = ask()
    at("2026-03-01T00:30")
    request_deny(request_id=request.pk, actor=RITA, article=Refusal.EXCESSIVE, text="Again.")
    row = row_of(request)
    assert (row["state"], row["article"], row["outcome"]) == ("denied", "12(5)", "")
    assert (row["days_to_answer"], row["in_time"], row["days_left"]) == (29, False, None)


@pytest.mark.parametrize(
    ("end", "state"), [(request_cancel, "cancelled"), (request_expire, "expired")]
)
def test_what_ended_without_an_answer_is_neither_in_time_nor_late(at, end, state):
    at("2026-01-31T12:00")
    request = ask(checked=False)
    at("2026-02-10T09:00")
    end(request_id=request.pk, actor=RITA)
    row = row_of(request)
    assert (row["state"], row["in_time"], row["days_to_answer"]) == (state, None, None)
    assert row["ended_at"] == timezone.now()


def test_an_approved_request_has_counts_and_stays_open(at):
    make_trained_plan()
    at("2026-01-31T12:00")
    request = approve(ask())
    row = row_of(request)
    assert (row["state"], row["outcome"], row["overdue"]) == ("approved", "full", False)
    assert (row["erased_interactions"], row["shards"]) == (4, 1)


def test_a_partial_approval_has_outcome_and_article(at):
    make_trained_plan()
    at("2026-01-31T12:00")
    part = Part(Scope(items=frozenset({"i-0"})), Refusal.LEGAL_CLAIMS, "The rest is disputed.")
    row = row_of(approve(ask(), part=part))
    assert (row["outcome"], row["article"], row["erased_interactions"]) == (
        "partial",
        "17(3)(e)",
        1,
    )


def test_the_clock_begins_where_the_request_was_made_first(at):
    at("2026-02-02T12:00")
    request = ask(origin=Origin(submitted_at=datetime(2026, 1, 30, 10, tzinfo=UTC)))
    assert row_of(request)["started_on"] == date(2026, 1, 30)
    assert [row["id"] for row in request_rows(JANUARY)] == [request.pk]


def test_the_last_evening_in_utc_is_the_next_month_in_berlin(at):
    at("2026-02-01T00:30")  # 23:30 UTC on 31 January
    request = ask()
    assert list(request_rows(JANUARY)) == []
    assert [row["id"] for row in request_rows(FEBRUARY)] == [request.pk]
    assert [each.received for each in monthly_figures(Period(Month(2026, 1), Month(2026, 2)))] == [
        0,
        1,
    ]


def test_an_answer_counts_in_the_controllers_month_too(at):
    at("2026-01-31T12:00")
    request = ask()
    at("2026-03-01T00:30")  # still February in UTC
    request_deny(request_id=request.pk, actor=RITA, article=Refusal.EXCESSIVE, text="Again.")
    months = monthly_figures(Period(Month(2026, 2), Month(2026, 3)))
    assert [(m.denied, m.late, m.open_at_end) for m in months] == [(0, 0, 1), (1, 1, 0)]


def test_monthly_figures_see_pauses_extensions_and_what_was_open_before(at):
    at("2025-12-05T12:00")
    old = ask(subject="bob")
    at("2026-01-31T12:00")
    request = ask()
    request_extend(request_id=request.pk, actor=RITA, reasons="Many systems.", told=True)
    at("2026-02-10T09:00")
    request_pause(request_id=request.pk, actor=RITA, kind=PauseKind.CLARIFICATION)
    request_cancel(request_id=old.pk, actor=RITA)
    at("2026-02-11T09:00")
    request_unpause(request_id=request.pk, actor=RITA)
    request_pause(request_id=request.pk, actor=RITA, kind=PauseKind.IDENTITY)
    months = monthly_figures(Period(Month(2026, 1), Month(2026, 2)))
    found = [(m.received, m.extensions, m.pauses, m.cancelled, m.open_at_end) for m in months]
    assert found == [(1, 1, 0, 0, 2), (0, 0, 2, 1, 1)]


@pytest.mark.parametrize("format_", list(Format))
@pytest.mark.parametrize("report", list(Report))
def test_no_report_names_anybody(at, report, format_):
    at("2026-01-31T12:00")
    ask(reachable=True)
    ask(reachable=True, scope=Scope(items=frozenset({"secret-film"})))
    text = "".join(report_pieces(Wish(report, JANUARY, format_)))
    assert "2026" in text
    for secret in (ALICE, "alice", "secret-film"):
        assert secret not in text


def test_json_and_csv_have_the_same_columns(at):
    at("2026-01-31T12:00")
    ask()
    as_json = json.loads("".join(report_pieces(Wish(Report.REQUESTS, JANUARY, Format.JSON))))
    header = next(report_pieces(Wish(Report.REQUESTS, JANUARY, Format.CSV)))
    assert list(as_json["requests"][0]) == header.strip().split(",") or set(
        as_json["requests"][0]
    ) == set(header.strip().split(","))
    assert set(COLUMNS) == set(as_json["requests"][0])
    assert as_json["time_zone"] == "Europe/Berlin"


MANY = """
INSERT INTO erasure_erasurerequest (id, state, channel, ground, scope_kind, language, source,
    subject_commitment, received_at, due_on, identity_method, outcome, release_before,
    release_interim, release_after)
SELECT gen_random_uuid(), 'received', 'api', '17(1)(b)', 'everything', '', '', '',
    timestamptz '2026-01-01 12:00+00' + n * interval '1 minute', '2026-02-01', '', '', '', '', ''
FROM generate_series(1, %s) AS n
"""
MOST_BYTES = 16 << 20  # as one list of rows they would be more than 100 MiB


def test_a_hundred_thousand_requests_need_no_memory():
    with connection.cursor() as cursor:
        cursor.execute(MANY, [100_000])
    pieces, process = report_pieces(Wish(Report.REQUESTS, YEAR, Format.CSV)), psutil.Process()
    tracemalloc.start()
    lines = sum(piece.count("\r\n") for piece in islice(pieces, 10))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < MOST_BYTES  # they are not all there before the first is written
    before = process.memory_info().rss
    lines += sum(piece.count("\r\n") for piece in pieces)
    assert lines == 1 + 100_000
    assert process.memory_info().rss - before < MOST_BYTES  # nor do they gather
