"""A reviewer's way in a real browser: log in, read the impact, approve, see the retraining.

Needs Chromium, its driver and selenium. `LETHE_SCREENSHOTS=folder` keeps the pictures.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.test.testcases import LiveServerThread
from django.urls import reverse

from compliance.erasure.models import ErasureRequest
from compliance.erasure.states import State
from tests.admin.conftest import ALICE, make_request, make_trained_plan, make_user

pytest.importorskip("selenium")
from selenium import webdriver
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support import expected_conditions as expected
from selenium.webdriver.support.wait import WebDriverWait as Wait

pytestmark = pytest.mark.browser
PASSWORD = "a long pass phrase"
WIDE, NARROW = (1400, 1000), (390, 844)


@pytest.fixture(params=["light", "dark"])
def browser(request, tmp_path) -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run"):
        options.add_argument(flag)
    for feature in ("background-networking", "component-update", "sync"):
        options.add_argument(f"--disable-{feature}")
    options.add_argument(f"--user-data-dir={tmp_path}")
    service = webdriver.ChromeService(os.environ.get("CHROMEDRIVER", "/usr/bin/chromedriver"))
    driver = webdriver.Chrome(options=options, service=service)
    media = {"features": [{"name": "prefers-color-scheme", "value": request.param}]}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    driver.set_window_size(*WIDE)
    driver.theme = request.param
    yield driver
    driver.quit()


@pytest.fixture
def server(committed_db) -> Iterator[LiveServerThread]:
    """The web server with a connection of its own, so that commits are real."""
    thread = LiveServerThread("127.0.0.1", StaticFilesHandler, connections_override={})
    thread.daemon = True
    thread.start()
    assert thread.is_ready.wait(30)
    thread.url = f"http://127.0.0.1:{thread.port}"
    yield thread
    thread.terminate()


@pytest.fixture
def erasure(committed_db) -> ErasureRequest:
    make_trained_plan()
    make_user("rita", PASSWORD)
    return make_request()


def picture(browser, name: str) -> None:
    folder = os.environ.get("LETHE_SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        browser.save_screenshot(str(Path(folder, f"{name}-{browser.theme}.png")))


def patient(browser) -> Wait:
    """Waits through the moment in which one page gives way to the next."""
    leaving = [NoSuchElementException, StaleElementReferenceException]
    return Wait(browser, 20, ignored_exceptions=leaving)


def click(browser, words: str) -> None:
    """Press the link or button with these words."""
    path = f"//*[@id='content']//*[self::a or self::button][contains(., '{words}')]"
    patient(browser).until(lambda driver: driver.find_element(By.XPATH, path)).click()


def log_in(browser, server) -> None:
    browser.get(server.url + reverse("admin:login"))
    browser.find_element(By.NAME, "username").send_keys("rita")
    browser.find_element(By.NAME, "password").send_keys(PASSWORD, Keys.ENTER)
    patient(browser).until(expected.title_contains("Overview"))


def text(browser) -> str:
    return browser.find_element(By.ID, "main").text


def fits(browser) -> bool:
    """Whether the page needs no scrolling sideways."""
    return browser.execute_script(
        "return document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    )


def test_a_reviewer_approves_by_clicking(browser, server, erasure):
    log_in(browser, server)
    picture(browser, "overview")
    click(browser, str(erasure.pk)[:8])
    picture(browser, "request")
    assert ALICE not in browser.page_source
    click(browser, "Approve")
    patient(browser).until(expected.url_contains("/step/approve/"))
    picture(browser, "approve")
    box = browser.find_element(By.NAME, "impact_read")
    box.send_keys(Keys.SPACE)
    box.send_keys(Keys.TAB, Keys.ENTER)
    patient(browser).until(lambda driver: "The records are erased" in text(driver))
    picture(browser, "retraining")
    erasure.refresh_from_db()
    assert erasure.status is State.APPROVED


def test_the_identifier_appears_only_after_the_click(browser, server, erasure):
    log_in(browser, server)
    browser.get(server.url + reverse("admin:erasure_erasurerequest_change", args=[erasure.pk]))
    click(browser, "Show identifier")
    shown = patient(browser).until(lambda driver: driver.find_element(By.ID, "identifier-shown"))
    assert shown.text == ALICE
    assert ALICE not in browser.current_url


def test_pages_fit_a_telephone(browser, server, erasure):
    log_in(browser, server)
    size = {"width": NARROW[0], "height": NARROW[1], "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    for name in ("index", "erasure_erasurerequest_changelist", "erasure_erasurerequest_new"):
        browser.get(server.url + reverse(f"admin:{name}"))
        picture(browser, f"narrow-{name}")
        assert fits(browser), name
    for step in ("approve", "deny"):
        url = reverse("admin:erasure_erasurerequest_step", args=[erasure.pk, step])
        browser.get(server.url + url)
        assert fits(browser), step
