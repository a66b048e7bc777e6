"""A person's way through the portal in a real browser: ask, confirm, follow, download, take back.

Needs Chromium, its driver and selenium. `LETHE_SCREENSHOTS=folder` keeps the pictures.
"""

from collections.abc import Iterator

import pytest
from django.db import connections, transaction

from compliance.erasure.links import status_path
from compliance.erasure.models import (
    Channel,
    ErasureRequest,
    Ground,
    IdentityMethod,
    PauseKind,
    Refusal,
)
from compliance.erasure.services import request_deny, request_extend, request_pause, request_receive
from compliance.erasure.states import State
from compliance.evidence.models import Certificate
from compliance.evidence.services import certificate_issue
from compliance.provenance.releases import serving_lock
from tests.approving import approve
from tests.browser.test_review import (
    NARROW,
    browser,  # noqa: F401 - a fixture
    fits,
    patient,
    picture,
    server,  # noqa: F401 - a fixture
)
from tests.handing_off import hand_off_token
from tests.portal.conftest import ALICE, code_for, make_customers

pytest.importorskip("selenium")
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

pytestmark = pytest.mark.browser
RITA = "user:1"
# What a page says of itself: text and its ground, with the alpha of neither in use.
CONTRAST = """
const light = (c) => { const [r, g, b] = c.map((v) => (v /= 255) <= 0.04045 ? v / 12.92
    : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const rgb = (s) => s.match(/[\\d.]+/g).map(Number);
const ground = (e) => { for (; e; e = e.parentElement) {
    const c = rgb(getComputedStyle(e).backgroundColor);
    if (c.length < 4 || c[3] > 0) return c.slice(0, 3); } return [255, 255, 255]; };
const poor = [];
for (const e of document.querySelectorAll('body *')) {
    if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) continue;
    const [a, b] = [light(rgb(getComputedStyle(e).color).slice(0, 3)), light(ground(e))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.push(e.tagName + ' ' + ratio.toFixed(2) + ' ' + e.textContent.trim());
}
return poor;
"""
# Links in running text may be as high as their line: WCAG 2.2, 2.5.8.
SMALL = """
return [...document.querySelectorAll('a, button, input:not([type=hidden])')]
    .filter((e) => !e.matches('.skip') && getComputedStyle(e).display !== 'inline')
    .map((e) => [e.getBoundingClientRect(), e])
    .filter(([box, e]) => box.height < 24 || box.width < 24)
    .filter(([box, e]) => !e.matches('input[type=radio]'))
    .map(([box, e]) => e.outerHTML);
"""


@pytest.fixture
def portal(browser, server) -> Iterator[str]:  # noqa: F811
    """The customers are there, and the browser shows the page where one asks."""
    make_customers()
    browser.get(f"{server.url}/requests/")
    yield server.url
    connections.close_all()


def heading(driver) -> str:
    return driver.find_element(By.TAG_NAME, "h1").text


def arrives(driver, words: str) -> None:
    patient(driver).until(lambda one: words in heading(one))


def content(driver) -> str:
    return driver.find_element(By.ID, "content").text


def press(driver, words: str) -> None:
    path = f"//main//*[self::a or self::button][normalize-space()='{words}']"
    patient(driver).until(lambda one: one.find_element(By.XPATH, path)).click()


def ask(driver) -> ErasureRequest:
    driver.find_element(By.NAME, "subject").send_keys(ALICE)
    press(driver, "Send the request")
    arrives(driver, "Please confirm that it is you")
    return ErasureRequest.objects.latest("received_at")


def confirm(driver, request: ErasureRequest) -> None:
    driver.find_element(By.NAME, "code").send_keys(code_for(request))
    press(driver, "Confirm")
    arrives(driver, "We are looking at your request")
    request.refresh_from_db()


def known() -> ErasureRequest:
    """A request of somebody who came from the account page, for pages that come after."""
    return request_receive(
        subject=ALICE,
        channel=Channel.PORTAL,
        ground=Ground.CONSENT_WITHDRAWN,
        actor="subject:",
        identity=IdentityMethod.HAND_OFF,
    )


@transaction.atomic
def certify(request: ErasureRequest) -> Certificate:
    serving_lock()
    return certificate_issue(request_id=request.pk, actor="system:test")


def is_sound(driver, name: str) -> None:
    """Keep a picture, and look for what WCAG would complain of."""
    picture(driver, name)
    assert fits(driver), name
    assert driver.execute_script(CONTRAST) == [], name
    assert driver.execute_script(SMALL) == [], name
    severe = [one for one in driver.get_log("browser") if "favicon" not in one["message"]]
    loud = [one for one in severe if "Security Policy" in one["message"]]
    assert loud == [], name


def test_a_person_asks_confirms_follows_and_downloads(browser, portal, tmp_path):  # noqa: F811
    is_sound(browser, "portal-ask")
    request = ask(browser)
    is_sound(browser, "portal-confirm")
    browser.find_element(By.NAME, "code").send_keys("00000000")
    press(browser, "Confirm")
    patient(browser).until(lambda one: "There is a problem" in content(one))
    is_sound(browser, "portal-wrong-code")
    confirm(browser, request)
    is_sound(browser, "portal-review")
    approve(request)
    browser.refresh()
    arrives(browser, "Your data has been erased")
    is_sound(browser, "portal-erased")
    certificate = certify(request)
    browser.refresh()
    behaviour = {"behavior": "allow", "downloadPath": str(tmp_path)}
    browser.execute_cdp_cmd("Browser.setDownloadBehavior", behaviour)
    press(browser, "Download the certificate")
    file = tmp_path / f"erasure-{request.pk}.dsse.json"
    patient(browser).until(lambda _: file.exists() and file.stat().st_size)
    assert file.read_bytes() == bytes(certificate.envelope)
    is_sound(browser, "portal-certificate")


def test_a_person_reads_why_it_is_refused(browser, portal):  # noqa: F811
    request = ask(browser)
    confirm(browser, request)
    request_extend(
        request_id=request.pk, actor=RITA, reasons="We had very many requests.", told=True
    )
    request_pause(request_id=request.pk, actor=RITA, kind=PauseKind.CLARIFICATION)
    browser.refresh()
    assert "We had very many requests." in content(browser)
    assert "the time stands still" in content(browser)
    is_sound(browser, "portal-paused")
    text = "We must keep invoices for ten years.\n\nWe use them for nothing else."
    request_deny(request_id=request.pk, actor=RITA, article=Refusal.LEGAL_OBLIGATION, text=text)
    browser.refresh()
    arrives(browser, "We refuse your request")
    assert "We must keep invoices for ten years." in content(browser)
    assert "judicial remedy" in content(browser)
    is_sound(browser, "portal-refused")


def test_a_person_takes_it_back_with_the_keyboard_alone(browser, portal):  # noqa: F811
    def at(name: str) -> None:
        """Go on with the tabulator until the focus is there, and be able to see it."""
        for _ in range(40):
            browser.switch_to.active_element.send_keys(Keys.TAB)
            here = browser.switch_to.active_element
            if name in (here.get_attribute("name"), here.text):
                assert here.value_of_css_property("outline-style") == "solid"
                return
        raise AssertionError(f"{name} cannot be reached")

    browser.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    skip = browser.switch_to.active_element
    assert skip.text == "Go to the content"
    assert skip.location["y"] >= 0
    picture(browser, "portal-skip-link")
    skip.send_keys(Keys.ENTER)
    at("subject")
    browser.switch_to.active_element.send_keys(ALICE)
    at("scope")
    picture(browser, "portal-focus")
    at("Send the request")
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    arrives(browser, "Please confirm that it is you")
    request = ErasureRequest.objects.get()
    at("code")
    browser.switch_to.active_element.send_keys(code_for(request), Keys.ENTER)
    arrives(browser, "We are looking at your request")
    at("Take the request back")
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    arrives(browser, "Take the request back?")
    is_sound(browser, "portal-cancel")
    at("Take the request back")
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    arrives(browser, "The request was taken back")
    is_sound(browser, "portal-cancelled")
    request.refresh_from_db()
    assert request.status is State.CANCELLED


def test_it_all_works_without_scripts(browser, portal):  # noqa: F811
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    browser.get(f"{portal}/requests/")
    confirm(browser, ask(browser))
    press(browser, "Take the request back")
    arrives(browser, "Take the request back?")
    press(browser, "Take the request back")
    arrives(browser, "The request was taken back")


def test_a_customer_comes_from_the_account_page(browser, portal):  # noqa: F811
    browser.get(f"{portal}/hand-off?token={hand_off_token(ALICE, 'n-1')}")
    is_sound(browser, "portal-hand-off")
    press(browser, "Send the request")
    arrives(browser, "We are looking at your request")
    assert ErasureRequest.objects.get().identity_method == "hand_off"
    assert "token" not in browser.current_url


def test_mistakes_are_named_and_linked(browser, portal):  # noqa: F811
    browser.find_element(By.CSS_SELECTOR, "input[value=period]").click()
    press(browser, "Send the request")
    patient(browser).until(lambda one: "There is a problem" in content(one))
    assert browser.title.startswith("Error")
    assert browser.switch_to.active_element.get_attribute("class") == "errors"
    is_sound(browser, "portal-mistakes")
    browser.find_element(By.CSS_SELECTOR, ".errors a").click()
    assert browser.switch_to.active_element.get_attribute("name") == "subject"


def test_the_language_changes_by_a_button(browser, portal):  # noqa: F811
    browser.find_element(By.CSS_SELECTOR, "button[value=de]").click()
    patient(browser).until(
        lambda one: one.find_element(By.TAG_NAME, "html").get_attribute("lang") == "de"
    )
    picture(browser, "portal-german")


def test_pages_fit_a_telephone_and_four_hundred_per_cent(browser, portal):  # noqa: F811
    request = known()
    waiting = ask(browser)
    pages = {
        "ask": "/requests/",
        "lost": "/requests/lost",
        "confirm": status_path(waiting.pk),
        "review": status_path(request.pk),
        "cancel": status_path(request.pk) + "/cancel",
        "hand-off": f"/hand-off?token={hand_off_token(ALICE, 'n-2')}",
        "nothing": "/nothing",
    }
    for width, height in (NARROW, (320, 256)):  # 320 is 1280 at 400 per cent
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": True}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        for name, path in pages.items():
            browser.get(portal + path)
            is_sound(browser, f"portal-{width}-{name}")
    approve(request)
    certify(request)
    browser.get(portal + status_path(request.pk))
    is_sound(browser, "portal-320-certificate")
