"""Who takes our mails: one address in the environment."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from compliance.environment import env_mail
from compliance.jobs.models import Outcome
from compliance.jobs.outbox import message_mark_failed
from workers.doctor import Ill, _messages

NAME = "LETHE_EMAIL_URL"


def read(monkeypatch, url):
    monkeypatch.setenv(NAME, url)
    return env_mail(NAME)


def test_without_an_address_mails_are_printed(monkeypatch):
    monkeypatch.delenv(NAME, raising=False)
    assert env_mail(NAME).backend.endswith("console.EmailBackend")


@pytest.mark.parametrize(
    ("url", "host", "port", "tls", "starttls"),
    [
        ("smtps://mail.example", "mail.example", 465, True, False),
        ("smtps://mail.example:2465", "mail.example", 2465, True, False),
        ("smtp://mail.example", "mail.example", 587, False, True),
        ("smtp://mail.example:25", "mail.example", 25, False, True),
        ("smtp://localhost", "localhost", 25, False, False),
        ("smtp://[::1]:1025", "::1", 1025, False, False),
    ],
)
def test_only_this_machine_is_spoken_to_without_tls(monkeypatch, url, host, port, tls, starttls):
    server = read(monkeypatch, url)
    assert server.backend.endswith("smtp.EmailBackend")
    assert (server.host, server.port) == (host, port)
    assert (server.tls, server.starttls) == (tls, starttls)


def test_user_and_password_may_hold_special_characters(monkeypatch):
    server = read(monkeypatch, "smtps://a%40b.example:p%2Fw%3A1@mail.example")
    assert (server.user, server.password) == ("a@b.example", "p/w:1")


@pytest.mark.parametrize(
    "url",
    ["mail.example", "http://mail.example", "smtp://", "smtp://x:s3cret@h:port", "smtp://h/s3cret"],
)
def test_a_bad_address_is_named_and_not_quoted(monkeypatch, url):
    with pytest.raises(ImproperlyConfigured, match=NAME) as error:
        read(monkeypatch, url)
    assert "s3cret" not in str(error.value)


@pytest.mark.django_db
def test_the_doctor_tells_of_dead_letters(mail_to_alice, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    message = mail_to_alice()
    assert "printed" in _messages()
    with transaction.atomic():
        message_mark_failed(message, outcome=Outcome.REJECTED, final=True)
    with pytest.raises(Ill, match="1 messages could not be delivered"):
        _messages()
