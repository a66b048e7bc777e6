"""The page of reports, what is taken from it, and the case file of one request."""

import csv
import io
import json
import uuid

import pytest
from django.db import connection, transaction
from django.db.utils import ProgrammingError
from django.urls import reverse

from compliance.erasure.models import Refusal, Step
from compliance.erasure.services import comment_add, request_deny
from compliance.evidence.models import ReportExport
from tests.admin.conftest import ALICE, make_request

pytestmark = pytest.mark.django_db

EVERYBODY = ["rita", "otto", "anna", "omar", "nora"]
MAY = {"otto", "anna"}
PAGE, DOWNLOAD = "/admin/evidence/reportexport/", "/admin/evidence/reportexport/download/"
ALL_OF_IT = {"report": "requests", "format": "csv", "first": "", "last": ""}


def text_of(response):
    return (response.getvalue() if response.streaming else response.content).decode()


def case_file_of(request):
    return case_file_at(request.pk)


def case_file_at(number):
    return reverse("admin:evidence_reportexport_case_file", args=[number])


@pytest.mark.parametrize("who", EVERYBODY)
def test_only_those_who_may_export_see_and_take_reports(login, who):
    request, browser = make_request(), login(who)
    wanted = 200 if who in MAY else 403
    assert browser.get(PAGE).status_code == wanted
    assert browser.post(DOWNLOAD, ALL_OF_IT).status_code == wanted
    assert browser.post(case_file_of(request), {"format": "json"}).status_code == wanted
    assert ReportExport.objects.exists() == (who in MAY)


def test_who_is_not_logged_in_is_sent_to_the_log_in(client):
    for path in (
        PAGE,
        DOWNLOAD,
        case_file_at(uuid.uuid4()),
    ):
        assert client.get(path)["Location"].startswith("/admin/login/")


@pytest.mark.parametrize("who", EVERYBODY)
def test_the_page_of_a_request_offers_the_file_to_those(login, who):
    request = make_request()
    html = login(who).get(f"/admin/erasure/erasurerequest/{request.pk}/change/").content.decode()
    assert (case_file_of(request) in html) == (who in MAY)


def test_the_sidebar_links_to_it(login):
    assert f'href="{PAGE}"' in login("otto").get("/admin/").content.decode()
    assert f'href="{PAGE}"' not in login("rita").get("/admin/").content.decode()


def test_nothing_is_exported_by_a_link(login):
    otto = login("otto")
    assert otto.get(DOWNLOAD).status_code == 405
    assert otto.get(case_file_of(make_request())).status_code == 405


def test_the_page_shows_figures_and_refusals(login):
    request = make_request()
    request_deny(request_id=request.pk, actor="user:1", article=Refusal.EXCESSIVE, text="Again.")
    html = login("anna").get(PAGE).content.decode()
    assert "12(5) manifestly unfounded or excessive" in html
    assert html.count('<th scope="row"') == 12
    assert "<svg" in html


def test_a_period_without_requests_has_figures_too(login):
    response = login("anna").get(PAGE, {"first": "2024-11", "last": "2025-01"})
    assert response.content.decode().count('<th scope="row"') == 3


@pytest.mark.parametrize(
    ("period", "message"),
    [
        ({"first": "2024-13"}, "YYYY-MM"),
        ({"first": "2025-02", "last": "2025-01"}, "after the last"),
        ({"last": "2999-01"}, "not begun"),
    ],
)
def test_a_faulty_period_is_shown_beside_its_field(login, period, message):
    html = login("otto").get(PAGE, period).content.decode()
    assert message in html
    assert 'aria-invalid="true"' in html
    assert login("otto").post(DOWNLOAD, ALL_OF_IT | period).status_code == 400
    assert not ReportExport.objects.exists()


def test_a_download_is_the_report_and_is_noted_by_name(login):
    make_request()
    otto = login("otto")
    response = otto.post(DOWNLOAD, ALL_OF_IT)
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    header, row = csv.reader(io.StringIO(text_of(response), newline=""))
    assert dict(zip(header, row, strict=True))["state"] == "in_review"
    assert ALICE not in ",".join(row)
    assert "CSV, by otto" in otto.get(PAGE).content.decode()


def test_json_and_the_mark_for_excel_can_be_chosen(login):
    otto = login("otto")
    months = json.loads(
        text_of(otto.post(DOWNLOAD, ALL_OF_IT | {"report": "monthly", "format": "json"}))
    )
    assert len(months["months"]) == 12
    assert text_of(otto.post(DOWNLOAD, ALL_OF_IT | {"bom": "on"}))[0] == "\ufeff"


def test_an_unknown_report_or_format_is_refused(login):
    otto = login("otto")
    assert otto.post(DOWNLOAD, ALL_OF_IT | {"report": "people"}).status_code == 400
    assert otto.post(DOWNLOAD, ALL_OF_IT | {"format": "pdf"}).status_code == 400


def test_comments_are_in_the_file_for_the_officer_and_not_for_the_auditor(login):
    request = make_request()
    comment_add(request_id=request.pk, actor="user:1", text="Asked twice.")
    url = case_file_of(request)
    assert "Asked twice." in text_of(login("otto").post(url, {"format": "json"}))
    assert json.loads(text_of(login("anna").post(url, {"format": "json"})))["comments"] is None
    assert request.events.filter(step=Step.CASE_FILE_TAKEN).count() == 2


def test_a_case_file_of_nothing_is_not_found(login):
    assert login("otto").post(case_file_at(uuid.uuid4())).status_code == 404


def test_that_something_was_taken_can_be_neither_changed_nor_removed(login):
    login("otto").post(DOWNLOAD, ALL_OF_IT)
    for sql in (
        "UPDATE evidence_reportexport SET actor = 'user:0'",
        "DELETE FROM evidence_reportexport",
        "TRUNCATE evidence_reportexport",
    ):
        with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
