"""Logging in: limited by account and by address, and alike for known and unknown accounts."""

from datetime import timedelta

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from compliance.accounts.models import Throttle
from tests.accounts.conftest import PASSWORD

TOO_OFTEN = "Too many attempts to log in"


class CountingHasher(PBKDF2PasswordHasher):
    """Django's hasher, which also tells how often it worked."""

    iterations = 10
    worked = 0

    def encode(self, password: str, salt: str, iterations: int | None = None) -> str:
        CountingHasher.worked += 1
        return super().encode(password, salt, iterations)


@pytest.fixture(autouse=True)
def few_attempts(settings) -> None:
    settings.LOGIN_ATTEMPTS, settings.LOGIN_ATTEMPTS_PER_ADDRESS = 3, 5
    settings.PASSWORD_HASHERS = [f"{CountingHasher.__module__}.CountingHasher"]


def test_the_right_password_opens(sue, log_in) -> None:
    assert log_in().status_code == 302


def test_after_too_many_attempts_even_the_right_password_does_not(sue, log_in) -> None:
    for _ in range(3):
        assert TOO_OFTEN not in log_in(password="wrong").text
    response = log_in()
    assert TOO_OFTEN in response.text
    assert response.status_code == 200
    assert "_auth_user_id" not in response.client.session


def test_it_says_when_to_try_again_and_then_it_works(sue, log_in) -> None:
    for _ in range(4):
        response = log_in(password="wrong")
    at = timezone.localtime(Throttle.objects.latest("count").ends_at) + timedelta(minutes=1)
    assert f"Try again at {at:%H:%M}" in response.text
    Throttle.objects.update(ends_at=timezone.now() - timedelta(seconds=1))
    assert log_in().status_code == 302


def test_no_password_is_looked_at_once_there_were_too_many(sue, log_in) -> None:
    for _ in range(3):
        log_in(password="wrong")
    before = CountingHasher.worked
    log_in()
    assert CountingHasher.worked == before


def test_success_clears_the_accounts_count(sue, log_in) -> None:
    for _ in range(2):
        log_in(password="wrong")
        assert log_in().status_code == 302


def test_success_does_not_clear_the_addresses_count(sue, log_in) -> None:
    answers = [log_in() if n % 2 else log_in(f"name-{n}", "wrong") for n in range(6)]
    assert TOO_OFTEN in answers[-1].text


def test_another_spelling_of_a_name_buys_no_attempts(sue, log_in) -> None:
    for name in ["sue", "SUE", "ｓｕｅ"]:
        log_in(name, "wrong")
    assert TOO_OFTEN in log_in().text


def test_one_address_cannot_try_many_names(sue, log_in) -> None:
    for n in range(5):
        assert TOO_OFTEN not in log_in(f"name-{n}", "wrong").text
    assert TOO_OFTEN in log_in().text
    assert log_in(REMOTE_ADDR="203.0.113.9").status_code == 302


def test_a_forged_header_buys_no_attempts(sue, log_in, settings) -> None:
    settings.PROXIES = 0
    for n in range(6):
        response = log_in(f"name-{n}", "wrong", headers={"X-Forwarded-For": f"203.0.113.{n}"})
    assert TOO_OFTEN in response.text


def test_known_and_unknown_accounts_are_answered_alike(sue, log_in, django_user_model) -> None:
    django_user_model.objects.create_user("idle", password=PASSWORD, is_staff=True, is_active=False)
    django_user_model.objects.create_user("customer", password=PASSWORD)
    django_user_model.objects.create_user("robot", is_staff=True)  # without a password
    seen = []
    for number, name in enumerate(["sue", "ghost", "idle", "customer", "robot"]):
        password = PASSWORD if name in {"idle", "customer"} else "wrong"
        before = CountingHasher.worked
        with CaptureQueriesContext(
            connection,
        ) as queries:
            response = log_in(name, password, REMOTE_ADDR=f"10.0.0.{number}")
        words = response.text.replace(f'value="{name}"', "")
        seen.append((CountingHasher.worked - before, len(queries), _without_token(words)))
    assert [one[0] for one in seen] == [1] * 5
    assert len({one[1] for one in seen}) == 1
    assert len({one[2] for one in seen}) == 1


def test_throttled_accounts_are_told_alike(sue, log_in) -> None:
    texts = set()
    for number, name in enumerate(["sue", "ghost"]):
        for _ in range(4):
            response = log_in(name, "wrong", REMOTE_ADDR=f"10.0.0.{number}")
        texts.add(_without_token(response.text.replace(f'value="{name}"', "")))
    assert len(texts) == 1


def test_the_session_gets_another_number_at_log_in(sue, log_in) -> None:
    browser = Client()
    session = browser.session
    session["seen"] = "before"
    session.save()
    before = session.session_key
    assert log_in(browser=browser).status_code == 302
    assert browser.session.session_key != before
    assert not Session.objects.filter(session_key=before).exists()


def test_nothing_of_it_is_logged(sue, log_in, caplog) -> None:
    for _ in range(5):
        log_in("sue", "wrong secret")
    assert "sue" not in caplog.text
    assert "wrong secret" not in caplog.text


def test_changing_my_password_ends_my_other_sessions(sue, log_in) -> None:
    here, there = Client(), Client()
    assert {log_in(browser=one).status_code for one in (here, there)} == {302}
    new = "another long pass phrase"
    form = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    assert here.post(reverse("admin:password_change"), form).status_code == 302
    assert _is_in(here)
    assert not _is_in(there)


def test_a_password_set_by_an_administrator_ends_all_sessions(sue, log_in, admin_client) -> None:
    there = Client()
    log_in(browser=there)
    url = reverse("admin:auth_user_password_change", args=[sue.pk])
    new = "another long pass phrase"
    form = {"password1": new, "password2": new, "usable_password": "true"}
    assert admin_client.post(url, form).status_code == 302
    assert not _is_in(there)
    assert _is_in(admin_client)
    assert log_in(password=new).status_code == 302


def test_who_is_made_inactive_is_out_at_once(sue, log_in, django_user_model) -> None:
    there = Client()
    log_in(browser=there)
    django_user_model.objects.update(is_active=False)
    assert not _is_in(there)


def _is_in(browser: Client) -> bool:
    return browser.get(reverse("admin:index")).status_code == 200


def _without_token(html: str) -> str:
    head, _, rest = html.partition('name="csrfmiddlewaretoken" value="')
    return head + rest.partition('"')[2]
