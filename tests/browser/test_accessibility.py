"""What axe-core finds on the pages, and the way through the admin with the keyboard alone.

Each page is looked at in light and dark, wide and as a telephone shows it. What axe calls serious
or critical fails. Needs Chromium, its driver, selenium and axe-core-python.
"""

import pytest
from django.urls import reverse

from compliance.accounts.services import client_create
from compliance.erasure.links import status_path
from compliance.erasure.models import ErasureRequest, Refusal
from compliance.erasure.services import request_deny
from compliance.jobs.models import Endpoint, Job, OutboxMessage
from compliance.provenance.models import Adapter, Plan, Release
from compliance.records.models import Item, Subject
from tests.admin.conftest import ALICE, make_request, make_user
from tests.approving import approve
from tests.browser.test_review import (  # noqa: F401 - fixtures among them
    NARROW,
    PASSWORD,
    WIDE,
    browser,
    erasure,
    fits,
    patient,
    picture,
    server,
)
from tests.handing_off import hand_off_token

pytest.importorskip("selenium")
pytest.importorskip("axe_core_python")
from axe_core_python.selenium import Axe
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support import expected_conditions as expected

pytestmark = pytest.mark.browser
GRAVE = ("serious", "critical")
# Each `_changelist` of the admin, and the pages that are no list.
LISTS = (
    *("erasure_erasurerequest", "records_restriction", "evidence_certificate"),
    *("evidence_reportexport", "provenance_release", "provenance_adapter", "provenance_export"),
    *("provenance_plan", "records_subject", "records_item", "jobs_job", "jobs_outboxmessage"),
    *("erasure_recipient", "jobs_endpoint", "accounts_apiclient", "auth_user", "auth_group"),
)
MODELS = (Subject, Item, Job, OutboxMessage, Adapter, Release, Plan)
STEPS = ("approve", "approve-part", "deny", "extend", "pause", "assign", "cancel")


def sized(driver, size: tuple[int, int]) -> None:
    width, height = size
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 800}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def found(driver) -> list[str]:
    """Return what is grave of what axe finds."""
    violations = Axe().run(driver)["violations"]
    return [
        f"{one['id']}: {node['html']} {node.get('failureSummary', '')}"
        for one in violations
        if one["impact"] in GRAVE
        for node in one["nodes"]
    ]


def all_sound(driver, url: str, paths: list[str]) -> None:
    """Look at every page in both widths, and tell of all that is wrong with any."""
    wrong: list[str] = []
    for size in (WIDE, NARROW):
        sized(driver, size)
        for path in paths:
            driver.get(url + path)
            wrong += [f"{path} at {size[0]} px: {one}" for one in found(driver)]
            wrong += [] if fits(driver) else [f"{path} at {size[0]} px scrolls sideways"]
    assert wrong == []


def log_in(driver, server) -> None:  # noqa: F811
    driver.get(server.url + reverse("admin:login"))
    assert found(driver) == []
    driver.find_element(By.NAME, "username").send_keys("ruth")
    driver.find_element(By.NAME, "password").send_keys(PASSWORD, Keys.ENTER)
    patient(driver).until(expected.title_contains("Overview"))


@pytest.fixture
def ruth(committed_db) -> None:
    """She may do everything."""
    user = make_user("ruth", PASSWORD)
    user.is_staff = user.is_superuser = True
    user.save(update_fields=["is_staff", "is_superuser"])


def test_the_pages_of_the_admin_are_sound(browser, server, erasure, ruth):  # noqa: F811
    client_create(name="shop", scopes=["erasure:read"])
    log_in(browser, server)
    lists = [reverse(f"admin:{name}_changelist") for name in LISTS]
    rows = [
        reverse(f"admin:{model._meta.label_lower.replace('.', '_')}_change", args=[row.pk])
        for model in MODELS
        if (row := model.objects.first())
    ]
    others = [reverse("admin:index"), reverse("admin:password_change"), "/admin/no/such/page/"]
    others += [reverse("admin:erasure_erasurerequest_new"), reverse("admin:jobs_endpoint_add")]
    assert Endpoint.objects.count() == 0
    all_sound(browser, server.url, [*others, *lists, *rows])


def test_the_pages_of_a_request_are_sound(browser, server, erasure, ruth):  # noqa: F811
    waiting = make_request(subject="other-1", checked=False)
    denied = make_request(subject="other-2")
    request_deny(
        request_id=denied.pk, actor="user:1", article=Refusal.LEGAL_CLAIMS, text="In court."
    )
    approved = approve(make_request(subject="other-3"))
    log_in(browser, server)
    name = "admin:erasure_erasurerequest"
    pages = [
        reverse(f"{name}_change", args=[request.pk])
        for request in (erasure, waiting, denied, approved)
    ]
    steps = [reverse(f"{name}_step", args=[erasure.pk, step]) for step in STEPS]
    identity = reverse(f"{name}_step", args=[waiting.pk, "confirm-identity"])
    all_sound(browser, server.url, [*pages, *steps, identity])


def test_the_pages_of_the_portal_are_sound(browser, server, erasure):  # noqa: F811
    waiting = make_request(subject="other-1", checked=False)
    approved = approve(make_request(subject="other-3"))
    pages = ["/requests/", "/requests/lost", "/nothing", status_path(erasure.pk) + "/cancel"]
    pages += [status_path(request.pk) for request in (erasure, waiting, approved)]
    pages.append(f"/hand-off?token={hand_off_token(ALICE, 'n-1')}")
    all_sound(browser, server.url, pages)


def at(driver, what) -> None:
    """Go on with the tabulator until the focus is where `what` says, and is seen there."""
    for _ in range(60):
        driver.switch_to.active_element.send_keys(Keys.TAB)
        here = driver.switch_to.active_element
        if what(here):
            assert here.value_of_css_property("outline-style") == "solid"
            return
    raise AssertionError("It cannot be reached")


def test_the_menus_open_by_the_keyboard(browser, server, erasure, ruth):  # noqa: F811
    log_in(browser, server)
    browser.get(server.url + reverse("admin:erasure_erasurerequest_changelist"))
    at(browser, lambda here: here.text == "Go to the content")
    assert browser.switch_to.active_element.location["y"] >= 0
    at(browser, lambda here: "ruth" in here.text)
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    patient(browser).until(lambda one: "Log out" in one.find_element(By.ID, "logout-form").text)
    picture(browser, "account-menu")
    browser.switch_to.active_element.send_keys(Keys.ESCAPE)
    at(browser, lambda here: "Filters" in here.text)
    browser.switch_to.active_element.send_keys(Keys.SPACE)
    patient(browser).until(lambda one: one.find_element(By.ID, "filter-form").is_displayed())
    assert ErasureRequest.objects.get().pk == erasure.pk


def test_the_menu_of_a_telephone_opens_by_the_keyboard(browser, server, erasure, ruth):  # noqa: F811
    log_in(browser, server)
    sized(browser, NARROW)
    browser.get(server.url + reverse("admin:index"))
    at(browser, lambda here: here.get_attribute("aria-label") == "Menu")
    toggle = browser.switch_to.active_element
    assert toggle.get_attribute("aria-expanded") == "false"
    toggle.send_keys(Keys.ENTER)
    patient(browser).until(lambda _: toggle.get_attribute("aria-expanded") == "true")
    link = f"#nav-sidebar a[href='{reverse('admin:records_restriction_changelist')}']"
    patient(browser).until(lambda one: one.find_element(By.CSS_SELECTOR, link).is_displayed())
