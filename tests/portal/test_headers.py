"""How every page leaves: locked down, in nobody's cache, in the language that was asked for."""

import logging
import re

import pytest
from django.test import Client

from compliance.erasure.links import status_path
from compliance.links_hidden import LinksHidden
from tests.handing_off import hand_off_token
from tests.portal.conftest import ALICE, asked, press, token_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("customers")]
CSP = {
    "default-src": "'none'",
    "style-src": "'self'",
    "img-src": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
}


def pages(person):
    request = asked(person)
    status = status_path(request.pk)
    for path in ("/requests/", "/requests/lost", "/requests/verifier.py", status):
        yield person.get(path)
    yield person.get(f"{status}/cancel")
    yield person.get(f"{status}/certificate")  # 404
    yield person.get("/nothing")  # 404
    yield person.get(f"/hand-off?token={hand_off_token(ALICE, 'n')}")
    yield person.get("/hand-off")  # 410
    yield person.put("/requests/")  # no token: 403
    yield press(person, "/requests/")  # 400
    yield press(person, status, resend="1")  # 429
    yield person.post(status, {"code": "1"})  # 403
    yield person.get("/language")  # 405
    yield person.delete(status)  # 403


def test_every_answer_is_locked_down(person):
    for response in pages(person):
        rules = dict(rule.split(" ", 1) for rule in response["Content-Security-Policy"].split("; "))
        assert rules == CSP
        assert response["Cache-Control"] == "no-store"
        assert response["X-Robots-Tag"].startswith("noindex")
        assert response["Referrer-Policy"] == "same-origin"
        assert response["X-Frame-Options"] == "DENY"
        assert response["X-Content-Type-Options"] == "nosniff"


def test_no_page_needs_what_the_policy_forbids(person):
    for response in pages(person):
        html = response.content.decode()
        if "<html" not in html:
            continue
        assert "<script" not in html
        assert not re.search(r"\s(style|on\w+)=", html)
        assert not re.search(r'(src|href)="(https?:)?//', html)


def test_only_three_cookies_are_set_and_no_session(person):
    list(pages(person))
    press(person, "/requests/", language="de")
    [mark] = set(person.cookies) - {"csrftoken"}
    assert mark.startswith("hand_off_")  # the link from the account page, for ten minutes
    press_language(person, "de")
    assert set(person.cookies) == {"csrftoken", mark, "django_language"}
    assert person.cookies["django_language"]["httponly"]


def press_language(person, language, page="/requests/"):
    html = person.get(page).content.decode()
    csrf = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', html)[0]
    here = re.findall(r'name="next" value="([^"]*)"', html)[0]
    form = {"csrfmiddlewaretoken": csrf, "next": here, "language": language}
    return person.post("/language", form)


@pytest.mark.parametrize("page", ["", "//evil.example", "https://evil.example/"])
def test_the_language_form_leads_to_no_other_site_and_to_no_log_in(person, page):
    csrf = token_of(person.get("/requests/").content.decode())
    form = {"csrfmiddlewaretoken": csrf, "next": page, "language": "de"}
    assert person.post("/language", form).headers["Location"] == "/requests/"


def test_the_browser_says_the_language_and_a_button_changes_it(person):
    assert '<html lang="en">' in person.get("/requests/").content.decode()
    german = Client(headers={"Accept-Language": "de-CH, en;q=0.5"})
    html = german.get("/requests/").content.decode()
    assert '<html lang="de">' in html
    assert re.findall(r'lang="(?:en|de)"[^>]*>(\w+)</button>', html) == ["English", "Deutsch"]
    response = press_language(person, "de", "/requests/lost")
    assert response.headers["Location"] == "/requests/lost"
    assert '<html lang="de">' in person.get("/requests/").content.decode()


def test_changing_the_language_keeps_the_link_of_a_hand_off(person):
    link = f"/hand-off?token={hand_off_token(ALICE, 'n')}"
    assert press_language(person, "de", link).headers["Location"] == link


@pytest.mark.parametrize("path", ["/requests/", "/requests/lost", "/hand-off", "/language"])
def test_a_form_from_elsewhere_is_refused(person, path):
    response = person.post(path, {"subject": ALICE})
    assert response.status_code == 403
    html = response.content.decode()
    assert "This form is out of date" in html
    assert ALICE not in html


def test_errors_of_ours_say_so_in_plain_words(monkeypatch):
    monkeypatch.setattr("compliance.portal.asking.page_render", lambda *_, **__: 1 / 0)
    response = Client(raise_request_exception=False).get("/requests/")
    assert response.status_code == 500
    html = response.content.decode()
    assert "It is our fault and not yours" in html
    assert "ZeroDivision" not in html
    assert response["Content-Security-Policy"].startswith("default-src 'none'")


def test_a_link_with_a_strange_host_is_refused_in_plain_words(person):
    response = person.get("/requests/", headers={"Host": "evil.example"})
    assert response.status_code == 400


def test_no_log_line_holds_a_link(person, caplog):
    request = asked(person)
    key = status_path(request.pk)
    caplog.handler.addFilter(LinksHidden())
    with caplog.at_level(logging.DEBUG):
        person.post(key, {"code": "1"})  # Django warns of the missing token, with the address
        logging.getLogger("django.request").error("Internal Server Error: %s", key)
        logging.getLogger("x").warning("GET /hand-off?token=%s&x=1", "gAAAAAB")
        logging.getLogger("x").warning("GET /hand-off?from=shop&x=&token=%s HTTP", "gAAAAAB")
    assert str(request.pk) in caplog.text
    assert key not in caplog.text
    assert "gAAAAAB" not in caplog.text


def test_every_field_has_a_label_and_every_page_one_heading(person):
    for response in pages(person):
        html = response.content.decode()
        if "<html" not in html:
            continue
        assert html.count("<h1") == 1
        assert html.count('<main id="content"') == 1
        for field in re.findall(r'<input type="(?:text|date|radio)"[^>]* id="(\w+)"', html):
            assert f'for="{field}"' in html
        ids = re.findall(r' id="([^"]+)"', html)
        assert len(ids) == len(set(ids))
        for name in re.findall(r'aria-(?:labelledby|describedby)="([^"]+)"', html):
            assert set(name.split()) <= set(ids)
