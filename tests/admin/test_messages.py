"""What was sent, to whom it goes on, and who may send it again. No page shows what a message says.

Otto and Omar may send again; Otto keeps endpoints and recipients.
"""

import re

import pytest
from django.db import transaction
from django.urls import reverse

from compliance.erasure.models import Recipient
from compliance.erasure.recipients import recipient_mail, recipient_save
from compliance.jobs.endpoints import endpoint_create
from compliance.jobs.models import Endpoint, MessageState, OutboxMessage, Outcome
from compliance.jobs.outbox import mail_enqueue, message_mark_failed, webhook_enqueue
from compliance.sealing import unseal
from tests.jobs.conftest import REQUEST

pytestmark = pytest.mark.django_db
MESSAGES = reverse("admin:jobs_outboxmessage_changelist")
URL = "https://8.8.8.8/hook"
STAFF = ["rita", "otto", "anna", "omar", "nora"]


@pytest.fixture
def dead():
    message = mail_enqueue(
        about=REQUEST, topic="erasure.receipt", to="alice@example.org", subject="Hi", text="A word."
    )
    return kill(message)


@pytest.fixture
def endpoint():
    return endpoint_create(name="Shop", url=URL)[0]


def kill(message):
    with transaction.atomic():
        message_mark_failed(message, outcome=Outcome.REJECTED, status=550, final=True)
    return message


def page(message):
    return reverse("admin:jobs_outboxmessage_change", args=[message.pk])


def resend(message):
    return reverse("admin:jobs_outboxmessage_resend", args=[message.pk])


def texts(response):
    return [str(message) for message in response.context["messages"]]


@pytest.mark.parametrize("who", ["rita", "otto", "anna", "omar"])
def test_everybody_sees_how_it_went_and_nobody_what_it_said(login, dead, who):
    browser = login(who)
    for url in (MESSAGES, page(dead)):
        shown = browser.get(url).content.decode()
        assert "erasure.receipt" in shown
        assert "alice" not in shown
        assert "A word." not in shown
    assert "Recipient rejected by the mail server" in shown
    assert "550" in shown


@pytest.mark.parametrize("who", STAFF)
def test_who_may_sends_a_dead_letter_again(login, dead, who):
    may = who in {"otto", "omar"}
    browser = login(who)
    assert browser.post(resend(dead)).status_code == (302 if may else 403)
    dead.refresh_from_db()
    assert dead.state == (MessageState.QUEUED if may else MessageState.DEAD)


@pytest.mark.parametrize("who", ["rita", "otto", "anna", "omar"])
def test_the_button_is_for_those_who_may(login, dead, who):
    shown = login(who).get(page(dead)).content.decode()
    assert (resend(dead) in shown) == (who in {"otto", "omar"})


def test_a_look_sends_nothing(login, dead):
    assert login("otto").get(resend(dead)).status_code == 405


def test_what_is_no_dead_letter_is_left_as_it_is(login, dead):
    browser = login("otto")
    browser.post(resend(dead))
    answer = browser.post(resend(dead), follow=True)
    assert texts(answer)[-1] == "Only a dead letter can be sent again. Nothing was changed."


def test_several_are_sent_again_at_once(login, dead, endpoint):
    queued = webhook_enqueue(about=REQUEST, topic="t", body=b"{}", endpoint=endpoint)
    answer = login("omar").post(
        MESSAGES,
        {"action": "resend_selected", "_selected_action": [dead.pk, queued.pk]},
        follow=True,
    )
    assert texts(answer) == [
        "1 message is queued.",
        "1 message is no dead letter and was left as it is.",
    ]
    assert not OutboxMessage.objects.filter(state=MessageState.DEAD).exists()


def test_an_auditor_cannot_send_again_by_the_list(login, dead):
    login("anna").post(MESSAGES, {"action": "resend_selected", "_selected_action": [dead.pk]})
    dead.refresh_from_db()
    assert dead.state == MessageState.DEAD


def add_endpoint(browser, **changed):
    values = {"name": "Shop", "url": URL, "is_active": "on", "all_changes": "on"} | changed
    return browser.post(reverse("admin:jobs_endpoint_add"), values, follow=True)


def test_a_new_endpoint_leads_to_its_secret_which_is_shown_once(login):
    browser = login("otto")
    answer = add_endpoint(browser)
    endpoint = Endpoint.objects.get()
    assert (endpoint.url, endpoint.is_active, endpoint.all_changes) == (URL, True, True)
    renew = reverse("admin:jobs_endpoint_renew", args=[endpoint.pk])
    assert answer.redirect_chain[-1][0] == renew
    assert "whsec_" not in answer.content.decode()
    answer = browser.post(renew)
    secret = re.search(r"whsec_[\w+/=]+", answer.content.decode())[0]
    endpoint.refresh_from_db()
    assert unseal(endpoint.secret).decode() == secret
    assert "no-store" in answer["Cache-Control"]
    shown = browser.get(reverse("admin:jobs_endpoint_change", args=[endpoint.pk]))
    assert "whsec_" not in shown.content.decode()


@pytest.mark.parametrize("url", ["https://10.0.0.1/", "http://8.8.8.8/", "https://localhost/"])
def test_a_forbidden_address_is_not_saved(login, endpoint, url):
    browser = login("otto")
    answer = add_endpoint(browser, name="Other", url=url)
    assert "url" in answer.context["adminform"].form.errors
    change = reverse("admin:jobs_endpoint_change", args=[endpoint.pk])
    browser.post(change, {"name": "Shop", "url": url, "is_active": "on"})
    assert [one.url for one in Endpoint.objects.all()] == [URL]


def test_an_endpoint_is_changed_and_keeps_its_secret(login, endpoint):
    change = reverse("admin:jobs_endpoint_change", args=[endpoint.pk])
    login("otto").post(change, {"name": "Web shop", "url": "https://8.8.4.4/"})
    changed = Endpoint.objects.get()
    assert (changed.name, changed.url, changed.is_active) == ("Web shop", "https://8.8.4.4/", False)
    assert bytes(changed.secret) == bytes(endpoint.secret)


@pytest.mark.parametrize("who", ["rita", "anna", "omar", "nora"])
def test_only_the_officer_keeps_endpoints(login, endpoint, who):
    browser = login(who)
    assert add_endpoint(browser, name="Other").status_code == 403
    assert browser.post(reverse("admin:jobs_endpoint_renew", args=[endpoint.pk])).status_code == 403
    change = reverse("admin:jobs_endpoint_change", args=[endpoint.pk])
    assert browser.post(change, {"name": "Mine", "url": URL}).status_code == 403


def save_recipient(browser, url, **values):
    return browser.post(url, {"name": "Agency", "is_active": "on"} | values)


def test_a_recipient_is_kept_with_its_address_encrypted(login):
    browser = login("otto")
    save_recipient(browser, reverse("admin:erasure_recipient_add"), address="agency@example.com")
    recipient = Recipient.objects.get()
    assert recipient_mail(recipient) == "agency@example.com"
    assert b"agency" not in bytes(recipient.mail)
    change = reverse("admin:erasure_recipient_change", args=[recipient.pk])
    assert "agency@example.com" in browser.get(change).content.decode()
    save_recipient(browser, change, address="office@example.com")
    assert recipient_mail(Recipient.objects.get()) == "office@example.com"


def test_the_language_of_a_recipient_is_chosen_and_changed(login):
    browser, add = login("otto"), reverse("admin:erasure_recipient_add")
    assert "The language of this installation" in browser.get(add).content.decode()
    save_recipient(browser, add, address="agency@example.com", language="de")
    recipient = Recipient.objects.get()
    assert recipient.language == "de"
    change = reverse("admin:erasure_recipient_change", args=[recipient.pk])
    save_recipient(browser, change, address="agency@example.com", language="")
    assert Recipient.objects.get().language == ""
    answer = save_recipient(browser, change, address="agency@example.com", language="fr")
    assert "Select a valid choice" in answer.content.decode()


@pytest.mark.parametrize("both", [True, False])
def test_a_recipient_is_told_in_one_way(login, endpoint, both):
    values = {"endpoint": endpoint.pk, "address": "agency@example.com"} if both else {}
    answer = save_recipient(login("otto"), reverse("admin:erasure_recipient_add"), **values)
    assert "Name either an endpoint or a mail address." in answer.content.decode()
    assert not Recipient.objects.exists()


def test_two_recipients_of_one_name_are_told_apart(login):
    recipient_save(name="Agency", endpoint=None, mail="agency@example.com")
    answer = save_recipient(
        login("otto"), reverse("admin:erasure_recipient_add"), address="b@example.com"
    )
    assert "already exists" in answer.content.decode()


@pytest.mark.parametrize("who", ["rita", "anna", "omar"])
def test_only_the_officer_sees_and_changes_addresses_of_recipients(login, who):
    recipient = recipient_save(name="Agency", endpoint=None, mail="agency@example.com")
    browser, change = login(who), reverse("admin:erasure_recipient_change", args=[recipient.pk])
    shown = browser.get(change)
    assert shown.status_code == 200
    assert "agency@example.com" not in shown.content.decode()
    assert save_recipient(browser, change, address="mine@example.com").status_code == 403
