"""The controller's logged-in page sends somebody, and vouches for who it is."""

import re
import sys
from io import StringIO
from pathlib import Path
from shutil import which
from subprocess import run

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client

from compliance.erasure.handing_off import LIFE_SECONDS, hand_off_key, hand_off_read
from compliance.erasure.identity import identity_decrypt
from compliance.erasure.links import status_path
from compliance.erasure.models import ErasureRequest
from compliance.erasure.states import State
from tests.handing_off import hand_off_token
from tests.portal.conftest import ALICE, WISH, ask, asked, page_of, submit, token_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("customers")]


@pytest.fixture
def thief():
    """A browser that has the link as well."""
    return Client(enforce_csrf_checks=True)


def path(nonce="n-1"):
    return f"/hand-off?token={hand_off_token(ALICE, nonce)}"


def test_opening_the_link_asks_for_nothing_yet(person):
    response = person.get(path())
    assert response.status_code == 200
    assert ALICE not in response.content.decode()
    assert not ErasureRequest.objects.exists()


def test_sending_the_form_files_a_request_with_a_known_identity(person):
    response = submit(person, path(), **WISH)
    request = ErasureRequest.objects.get()
    assert response.headers["Location"] == status_path(request.pk)
    assert (request.status, request.identity_method) == (State.IN_REVIEW, "hand_off")
    assert (request.channel, identity_decrypt(request.identity)) == ("portal", ALICE)
    assert "We are looking at your request" in page_of(person, request)


def test_one_link_makes_one_request(person):
    one = path()
    first, again = (submit(person, one, **WISH).headers["Location"] for _ in range(2))
    assert first == again
    response = submit(person, one, **(WISH | {"ground": "17(1)(a)"}))
    assert response.status_code == 409
    assert first in response.content.decode()
    submit(person, path("n-2"), **WISH)
    assert ErasureRequest.objects.count() == 2


@pytest.mark.parametrize("wish", [WISH, WISH | {"ground": "17(1)(a)"}])
def test_a_link_that_was_used_is_no_key_to_the_request_for_another_browser(person, thief, wish):
    submit(person, path(), **WISH)
    request = ErasureRequest.objects.get()
    link = path()  # the same content, encrypted anew
    csrf = token_of(thief.get("/requests/").content.decode())
    token = link.partition("=")[2]
    sent = {"token": token, **wish, "csrfmiddlewaretoken": csrf}
    for response in (thief.get(link), thief.post("/hand-off", sent)):
        html = response.content.decode()
        assert response.status_code == 410
        assert status_path(request.pk) not in html
        assert ALICE not in html
        assert 'href="/requests/lost"' in html
    assert not any(name.startswith("hand_off") for name in thief.cookies)
    assert ErasureRequest.objects.count() == 1


def test_a_program_that_opens_a_link_first_uses_nothing_up(person, thief):
    link = path()
    assert [thief.get(link).status_code, thief.head(link).status_code] == [200, 200]
    response = submit(person, link, **WISH)
    assert response.headers["Location"] == status_path(ErasureRequest.objects.get().pk)


def test_the_mark_of_one_link_opens_no_other(person, thief):
    submit(person, path(), **WISH)
    thief.get(path("n-2"))
    [name] = [name for name in thief.cookies if name.startswith("hand_off")]
    mark, used = thief.cookies[name], hand_off_read(path().partition("=")[2]).request_id
    assert (mark["httponly"], mark["samesite"], mark["path"]) == (True, "Lax", "/hand-off")
    assert mark["max-age"] == LIFE_SECONDS
    thief.cookies[f"hand_off_{used.hex}"] = mark.value
    assert thief.get(path()).status_code == 410


def test_strangers_who_ask_in_the_persons_name_do_not_keep_it_out(person, settings):
    settings.PORTAL_REQUESTS_PER_SUBJECT = 1
    asked(person)
    assert ask(person).status_code == 429
    assert submit(person, path(), **WISH).status_code == 302
    settings.PORTAL_REQUESTS_PER_ADDRESS = 2
    assert submit(person, path("n-2"), **WISH).status_code == 429


@pytest.mark.parametrize("token", ["", "x", "gAAAA"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_link_that_is_not_the_controllers_is_refused(person, token, method):
    csrf = token_of(person.get("/requests/").content.decode())
    values = {"token": token, **WISH, "csrfmiddlewaretoken": csrf}
    response = getattr(person, method)("/hand-off", values)
    assert response.status_code == 410
    assert "not valid any more" in response.content.decode()
    assert not ErasureRequest.objects.exists()


def test_a_wrong_form_keeps_the_link(person):
    response = submit(person, path(), scope="period", ground="17(1)(b)")
    html = response.content.decode()
    assert response.status_code == 400
    token = re.findall(r'name="token" value="([^"]+)"', html)[0]
    assert hand_off_read(token).subject == ALICE


def test_the_key_is_printed_with_a_warning_apart_from_it():
    out, warning = StringIO(), StringIO()
    call_command("hand_off_key", stdout=out, stderr=warning)
    assert out.getvalue() == hand_off_key() + "\n"
    assert "in the name of anybody" in warning.getvalue()


def snippet(language: str) -> str:
    text = Path(settings.BASE_DIR, "docs/integrate.md").read_text()
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)[0]


@pytest.mark.parametrize("language", ["python", "javascript"])
def test_the_snippet_in_the_documentation_makes_links_that_work(person, tmp_path, language):
    if language == "javascript" and not which("node"):
        pytest.skip("needs Node")
    program, name, call = {
        "python": (sys.executable, "shop.py", f"\nprint(erasure_link({ALICE!r}))\n"),
        "javascript": ("node", "shop.mjs", f"\nconsole.log(erasureLink({ALICE!r}));\n"),
    }[language]
    script = tmp_path / name
    script.write_text(snippet(language) + call)
    made = run(
        [which(program) or program, str(script)],
        env={"LETHE_HAND_OFF_KEY": hand_off_key(), "LETHE_URL": "https://privacy.example"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    base, _, rest = made.partition("/hand-off")
    assert base == "https://privacy.example"
    assert submit(person, f"/hand-off{rest}", **WISH).status_code == 302
    assert ErasureRequest.objects.get().identity_method == "hand_off"
