"""An operator's way in a real browser: too many wrong passwords, a new client, a new key."""

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone

from compliance.accounts.models import ApiClient, Throttle
from compliance.accounts.services import client_authenticate
from tests.admin.conftest import make_user

pytest.importorskip("selenium")
from selenium.webdriver.common.by import By

from tests.browser.test_review import (  # noqa: F401
    NARROW,
    PASSWORD,
    browser,
    click,
    patient,
    picture,
    server,
)

pytestmark = pytest.mark.browser


@pytest.fixture
def omar(committed_db) -> User:
    return make_user("omar", PASSWORD)


def log_in(browser, server, password: str) -> None:  # noqa: F811
    browser.get(server.url + reverse("admin:login"))
    browser.find_element(By.NAME, "username").send_keys("omar")
    browser.find_element(By.NAME, "password").send_keys(password)
    browser.find_element(By.CSS_SELECTOR, "#login-form button").click()


def shown_key(browser) -> str:  # noqa: F811
    here = (By.CSS_SELECTOR, "#content pre")
    return patient(browser).until(lambda driver: driver.find_element(*here)).text.strip()


def test_a_client_is_made_and_its_key_rotated(browser, server, omar, settings) -> None:  # noqa: F811
    settings.LOGIN_ATTEMPTS = 1
    for words in ["Please enter the correct", "Try again at"]:
        log_in(browser, server, "wrong")
        patient(browser).until(lambda driver, words=words: words in driver.page_source)
    picture(browser, "login-too-often")
    Throttle.objects.update(ends_at=timezone.now())
    log_in(browser, server, PASSWORD)
    patient(browser).until(lambda driver: "Overview" in driver.title)
    browser.get(server.url + reverse("admin:accounts_apiclient_changelist"))
    click(browser, "New client")
    patient(browser).until(lambda driver: driver.find_element(By.NAME, "name")).send_keys("shop")
    picture(browser, "client-new")
    click(browser, "Make the client")
    patient(browser).until(lambda driver: "Tick at least one" in driver.page_source)
    browser.find_element(By.CSS_SELECTOR, "input[value='interactions:write']").click()
    click(browser, "Make the client")
    first = shown_key(browser)
    picture(browser, "client-key")
    click(browser, "I have stored it")
    picture(browser, "client")
    click(browser, "Rotate the key")
    patient(browser).until(lambda driver: driver.find_element(By.NAME, "overlap"))
    picture(browser, "client-rotate")
    browser.set_window_size(*NARROW)
    picture(browser, "client-rotate-narrow")
    click(browser, "Rotate the key")
    patient(browser).until(lambda driver: "The old key works until" in driver.page_source)
    second = shown_key(browser)
    picture(browser, "client-key-narrow")
    assert first != second
    assert client_authenticate(first) == client_authenticate(second) == ApiClient.objects.get()
