"""A reviewer's way in a real browser, from the queue to the retraining, in light and dark.

Needs Chromium, its driver and selenium. `LETHE_SCREENSHOTS=folder` keeps the pictures.
"""

import base64
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.test.testcases import LiveServerThread
from django.urls import reverse

from compliance.erasure.models import ErasureRequest
from compliance.erasure.states import State
from compliance.jobs.models import Queue
from tests.admin.conftest import ALICE, make_request, make_trained_plan, make_user
from workers.runner import run_due

pytest.importorskip("selenium")
from selenium import webdriver
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support import expected_conditions as expected
from selenium.webdriver.support.select import Select
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
    """Keep the whole page, as long as it is."""
    folder = os.environ.get("LETHE_SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        shot = browser.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True})
        path = Path(folder, f"{name}-{browser.theme}.png")
        path.write_bytes(base64.b64decode(shot["data"]))


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


def write(browser, name: str, words: str) -> None:
    """Fill in a field by its name."""
    field = patient(browser).until(lambda driver: driver.find_element(By.NAME, name))
    field.clear()
    field.send_keys(words)


def says(browser, words: str) -> None:
    patient(browser).until(lambda driver: words in text(driver))


def open_step(browser, name: str, title: str) -> None:
    click(browser, title)
    patient(browser).until(expected.url_contains(f"/step/{name}/"))
    assert fits(browser), name


def work() -> None:
    """Do what the worker would do. The batches need no model."""
    run_due([Queue.DEFAULT])


def test_a_reviewer_goes_the_whole_way(browser, server, erasure):
    log_in(browser, server)
    picture(browser, "01-overview")
    browser.get(server.url + reverse("admin:erasure_erasurerequest_changelist"))
    picture(browser, "02-queue")
    write(browser, "identifier", ALICE + Keys.ENTER)
    says(browser, "What is asked")
    assert ALICE not in browser.current_url + browser.page_source
    click(browser, "Take it on")
    says(browser, "rita looks after it")
    write(browser, "text", "She called on Monday.")
    click(browser, "Add the comment")
    says(browser, "She called on Monday.")
    picture(browser, "03-request")
    open_step(browser, "pause", "Pause the clock")
    picture(browser, "04-pause")
    click(browser, "Pause the clock")
    says(browser, "paused since")
    picture(browser, "05-paused")
    open_step(browser, "resume-clock", "Let the clock run")
    click(browser, "Let the clock run")
    says(browser, "The clock runs again")
    open_step(browser, "extend", "Extend")
    write(browser, "reasons", "We are asked by very many people at once.")
    browser.find_element(By.NAME, "told").send_keys(Keys.SPACE)
    picture(browser, "06-extend")
    click(browser, "Read the letter first")
    says(browser, "What the person will read")
    picture(browser, "07-extension-letter")
    click(browser, "Extend by two months")
    says(browser, "In force since")
    open_step(browser, "approve", "Approve")
    picture(browser, "08-approve")
    box = browser.find_element(By.NAME, "impact_read")
    box.send_keys(Keys.SPACE)
    box.send_keys(Keys.TAB, Keys.ENTER)
    says(browser, "The records are erased")
    picture(browser, "09-retraining")
    erasure.refresh_from_db()
    assert erasure.status is State.APPROVED


def test_a_part_is_approved_and_another_request_denied(browser, server, erasure):
    other = make_request(subject="other-1")
    log_in(browser, server)
    browser.get(server.url + reverse("admin:erasure_erasurerequest_change", args=[erasure.pk]))
    open_step(browser, "approve-part", "Approve a part")
    browser.find_element(By.TAG_NAME, "summary").click()
    write(browser, "items", "i-1")
    Select(browser.find_element(By.NAME, "article")).select_by_value("17(3)(e)")
    write(browser, "text", "The other records are needed in court.")
    picture(browser, "10-part")
    click(browser, "Read the letter first")
    says(browser, "needed in court")
    picture(browser, "11-part-letter")
    click(browser, "Erase this part now")
    says(browser, "Approved in part")
    picture(browser, "12-part-done")
    browser.get(server.url + reverse("admin:erasure_erasurerequest_change", args=[other.pk]))
    open_step(browser, "deny", "Deny")
    Select(browser.find_element(By.NAME, "article")).select_by_value("17(3)(b)")
    write(browser, "text", "We must keep the invoices for ten years.")
    picture(browser, "13-deny")
    click(browser, "Read the letter first")
    says(browser, "judicial remedy")
    picture(browser, "14-deny-letter")
    click(browser, "Deny the request")
    says(browser, "Denied. Nothing was erased")
    picture(browser, "15-denied")


def test_many_requests_are_done_at_once(browser, server, erasure):
    waiting = [make_request(subject=f"other-{n}", checked=n != 2) for n in range(3)]
    log_in(browser, server)
    browser.get(server.url + reverse("admin:erasure_erasurerequest_changelist"))
    browser.find_element(By.ID, "action-toggle").click()
    choose = patient(browser).until(expected.element_to_be_clickable((By.NAME, "action")))
    Select(choose).select_by_value("approve_many")
    picture(browser, "16-chosen")
    browser.find_element(By.CSS_SELECTOR, "button[name=index]").click()
    says(browser, "looks at each request")
    picture(browser, "17-previewing")
    work()
    says(browser, "Impact of all together")
    picture(browser, "18-sum")
    browser.find_element(By.NAME, "impact_read").send_keys(Keys.SPACE)
    click(browser, "Approve and erase all of them")
    says(browser, "does one request after the other")
    work()
    says(browser, "Approved: the records are erased.")
    picture(browser, "19-results")
    assert text(browser).count("Approved: the records are erased.") == 3
    waiting[2].refresh_from_db()
    assert waiting[2].status is State.AWAITING_IDENTITY


def test_a_letter_is_filed_with_its_day_and_scope(browser, server, erasure):
    log_in(browser, server)
    browser.get(server.url + reverse("admin:erasure_erasurerequest_new"))
    write(browser, "subject", "dora")
    Select(browser.find_element(By.NAME, "kind")).select_by_value("items")
    click(browser, "File the request")
    says(browser, "Fill this in")
    picture(browser, "20-new-with-a-fault")
    write(browser, "items", "i-1")
    click(browser, "File the request")
    says(browser, "The request is filed")
    picture(browser, "21-filed")


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
    browser.get(server.url + reverse("admin:erasure_erasurerequest_change", args=[erasure.pk]))
    picture(browser, "narrow-request")
    assert fits(browser)
    for step in ("approve", "approve-part", "deny", "extend", "pause", "assign"):
        url = reverse("admin:erasure_erasurerequest_step", args=[erasure.pk, step])
        browser.get(server.url + url)
        picture(browser, f"narrow-{step}")
        assert fits(browser), step
