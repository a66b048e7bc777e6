"""API clients in the admin: Omar operates, Otto decides, and nobody gives what is not theirs."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django.utils import timezone

from compliance.accounts.models import ApiClient
from compliance.accounts.scopes import Scope
from compliance.accounts.services import client_authenticate, client_create

pytestmark = pytest.mark.django_db

NEW = reverse("admin:accounts_apiclient_new")
HARMLESS = ["interactions:write", "recommendations:read"]


@pytest.fixture
def shop(db):
    return client_create(name="shop", scopes=[Scope.RECOMMENDATIONS_READ])


@pytest.fixture
def robot(db):
    """A client that may decide."""
    return client_create(name="robot", scopes=[Scope.ERASURE_DECIDE])


def page(client, name):
    return reverse(f"admin:accounts_apiclient_{name}", args=[client.pk])


def key_in(response):
    return response.text.partition("lethe_")[2].partition("<")[0].strip()


def make(browser, **values):
    return browser.post(NEW, {"name": "shop", "scopes": HARMLESS} | values)


def test_a_new_client_gets_a_key_that_is_shown_once(login):
    omar = login("omar")
    response = make(omar, expires_on="2999-12-31", calls_per_minute="7")
    client = client_authenticate(f"lethe_{key_in(response)}")
    assert (client.name, client.scopes, client.calls_per_minute) == ("shop", HARMLESS, 7)
    assert timezone.localdate(client.expires_at).isoformat() == "3000-01-01"
    assert "no-store" in response["Cache-Control"]
    secret = key_in(response).partition("_")[2]
    assert "(&#x27;" not in omar.get(page(client, "change")).text
    again = omar.get(page(client, "change")).text + omar.get(reverse("admin:index")).text
    assert secret not in again + str(omar.cookies) + str(dict(omar.session.items()))
    assert secret not in str(list(LogEntry.objects.values()))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"name": ""}, "required"),
        ({"name": "a\tb"}, "printable"),
        ({"name": "a" * 101}, "at most 100"),
        ({"scopes": []}, "Tick at least one"),
        ({"scopes": ["everything"]}, "none such"),
        ({"expires_on": "2020-01-01"}, "has passed"),
        ({"expires_on": "9999-12-31"}, "never comes"),
        ({"expires_on": "soon"}, "valid date"),
        ({"calls_per_minute": "0"}, "greater than or equal to 1"),
        ({"calls_per_minute": "10000000"}, "less than or equal to"),
    ],
)
def test_what_does_not_fit_is_said_and_nothing_is_made(login, values, words):
    assert words in make(login("omar"), **values).text
    assert not ApiClient.objects.exists()


def test_a_taken_name_is_refused(login, shop):
    assert "already" in make(login("omar")).text
    assert ApiClient.objects.count() == 1


def test_nobody_gives_a_scope_that_is_not_theirs(login):
    omar = login("omar")
    assert "erasure:decide" not in omar.get(NEW).text
    for scope in ["erasure:decide", "erasure:cancel", "erasure:assert-identity", "opendsr"]:
        assert "not for you to give" in make(omar, scopes=[scope]).text
    assert not ApiClient.objects.exists()
    assert key_in(make(login("otto"), scopes=["erasure:decide"]))


def test_scopes_limit_and_last_day_can_be_changed(login, shop):
    client, key = shop
    omar = login("omar")
    assert 'value="recommendations:read"' in omar.get(page(client, "edit")).text
    form = {"scopes": ["interactions:write"], "expires_on": "2999-12-31", "calls_per_minute": "3"}
    assert omar.post(page(client, "edit"), form).status_code == 302
    after = client_authenticate(key)
    assert (after.scopes, after.calls_per_minute) == (["interactions:write"], 3)


def test_an_end_that_is_left_alone_stays_to_the_second(login, shop):
    client, _ = shop
    end = timezone.now() - timedelta(days=3)
    ApiClient.objects.update(expires_at=end)
    form = {"scopes": HARMLESS, "expires_on": timezone.localdate(end).isoformat()}
    assert login("omar").post(page(client, "edit"), form).status_code == 302
    assert ApiClient.objects.get().expires_at == end


def test_what_a_client_may_already_can_stay_but_not_be_given(login, robot):
    client, _ = robot
    omar = login("omar")
    form = {"scopes": ["erasure:decide", "interactions:write"]}
    assert omar.post(page(client, "edit"), form).status_code == 302
    form = {"scopes": ["interactions:write"]}
    assert omar.post(page(client, "edit"), form).status_code == 302
    form = {"scopes": ["erasure:decide"]}
    assert "not for you to give" in omar.post(page(client, "edit"), form).text
    assert ApiClient.objects.get().scopes == ["interactions:write"]


def test_rotating_asks_first_and_shows_the_key_once(login, shop):
    client, old = shop
    omar = login("omar")
    assert "shown once" in omar.get(page(client, "rotate")).text
    assert ApiClient.objects.get().rotations == 0
    form = {"overlap": "24", "rotations": "0"}
    response = omar.post(page(client, "rotate"), form)
    new = f"lethe_{key_in(response)}"
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    assert client_authenticate(new)
    assert client_authenticate(old)
    text = omar.get(page(client, "change")).text
    assert "Last used on" in text
    assert new not in text + str(omar.cookies) + str(list(LogEntry.objects.values()))


def test_loading_the_page_again_rotates_nothing(login, shop):
    client, _ = shop
    omar = login("omar")
    form = {"overlap": "24", "rotations": "0"}
    new = f"lethe_{key_in(omar.post(page(client, 'rotate'), form))}"
    again = omar.post(page(client, "rotate"), form, follow=True)
    assert "has been rotated in the meantime" in again.text
    assert client_authenticate(new)
    assert ApiClient.objects.get().rotations == 1


@pytest.mark.parametrize("overlap", ["-1", "2161", "", "x"])
def test_other_overlaps_are_refused(login, shop, overlap):
    login("omar").post(page(shop[0], "rotate"), {"overlap": overlap, "rotations": "0"})
    assert ApiClient.objects.get().rotations == 0


def test_the_key_of_a_client_that_may_more_is_not_shown(login, robot):
    client, _ = robot
    form = {"overlap": "24", "rotations": "0"}
    response = login("omar").post(page(client, "rotate"), form, follow=True)
    assert "may do what you may not (erasure:decide)" in response.text
    assert ApiClient.objects.get().rotations == 0
    assert key_in(login("otto").post(page(client, "rotate"), form))


def test_a_revoked_client_is_neither_changed_nor_rotated(login, shop):
    client, _ = shop
    omar = login("omar")
    omar.post(page(client, "revoke"))
    assert (
        "revoked for good"
        in omar.post(page(client, "edit"), {"scopes": HARMLESS}, follow=True).text
    )
    assert (
        "revoked for good"
        in omar.post(page(client, "rotate"), {"overlap": "1", "rotations": "0"}, follow=True).text
    )
    assert "Rotate the key" not in omar.get(page(client, "change")).text


@pytest.mark.parametrize("who", ["rita", "anna", "nora"])
def test_others_change_nothing(login, shop, who):
    client, _ = shop
    browser = login(who)
    for url in [NEW, *(page(client, name) for name in ("edit", "rotate", "revoke"))]:
        assert (browser.get(url).status_code, browser.post(url).status_code) == (403, 403)
    if who == "anna":
        text = browser.get(page(client, "change")).text
        assert "Rotate the key" not in text
        assert "New client" not in browser.get(reverse("admin:accounts_apiclient_changelist")).text
