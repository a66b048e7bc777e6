"""What goes wrong in the admin is a page that says what to do and repeats nothing."""

import pytest
from django.test import Client, RequestFactory

from compliance.error_pages import bad_request, server_error
from compliance.evidence import admin_dashboard
from tests.admin.acting import text_of

pytestmark = pytest.mark.django_db
WAY_ON = "Go to the overview"


def test_a_page_that_is_not_there(login):
    response = login("anna").get("/admin/no/such/secret-4711/")
    assert response.status_code == 404
    html = text_of(response)
    assert "There is nothing here" in html
    assert WAY_ON in html
    assert "secret-4711" not in html


def test_a_page_that_the_role_does_not_open(login):
    response = login("nora").get("/admin/erasure/erasurerequest/")
    assert response.status_code == 403
    assert "Your role does not do this" in text_of(response)
    assert WAY_ON in text_of(response)


def test_a_form_from_elsewhere(login):
    login("rita")
    strict = Client(enforce_csrf_checks=True)
    response = strict.post("/admin/login/", {"username": "rita", "password": "x"})
    assert response.status_code == 403
    assert "This form is out of date" in text_of(response)


def test_a_fault_of_ours(login, monkeypatch):
    def fail() -> None:
        raise RuntimeError("secret-4711")

    monkeypatch.setattr(admin_dashboard, "_figures", fail)
    anna = login("anna")
    anna.raise_request_exception = False
    response = anna.get("/admin/")
    assert response.status_code == 500
    assert "Look whether your step was done" in text_of(response)
    assert "secret-4711" not in text_of(response)


@pytest.mark.parametrize(("status", "words"), [(400, "do not understand"), (500, "went wrong")])
def test_they_need_neither_session_nor_database(status, words, django_assert_num_queries):
    request = RequestFactory().get("/admin/")
    with django_assert_num_queries(0):
        page = bad_request(request, ValueError()) if status == 400 else server_error(request)
    assert page.status_code == status
    assert words in page.content.decode()


def test_elsewhere_they_stay_as_they_are(client):
    assert "copy all of it into the address bar" in text_of(client.get("/nothing"))
    assert client.get("/api/v1/nothing").json()["status"] == 404
