"""Whoever reviews in German finds no sentence of ours in English."""

import pytest
from django.contrib import admin
from django.urls import reverse
from django.utils.translation import override

from compliance.erasure.admin.steps import STEPS
from compliance.provenance.models import Adapter, Plan, Release
from compliance.records.models import Item, Subject
from tests.i18n.reading import english_left, seen

pytestmark = pytest.mark.django_db


def page(browser, path: str) -> str:
    response = browser.get(path)
    assert response.status_code == 200, path
    html = response.content.decode()
    assert '<html lang="de"' in html
    assert not english_left(seen(html)), path
    return seen(html)


def test_the_queue_and_the_overview(ada_at_work, erasure):
    assert "In Prüfung" in page(ada_at_work, reverse("admin:erasure_erasurerequest_changelist"))
    assert "Was als Nächstes fällig ist" in page(ada_at_work, reverse("admin:index"))


def test_the_page_of_a_request(ada_at_work, erasure):
    text = page(ada_at_work, reverse("admin:erasure_erasurerequest_change", args=[erasure.pk]))
    assert "Die gesetzliche Frist" in text
    assert "Was eine Genehmigung bewirken würde" in text
    assert "Verwaltung" in text


def test_the_page_of_each_step(ada_at_work, erasure):
    pages = 0
    for name in STEPS:
        path = reverse("admin:erasure_erasurerequest_step", args=[erasure.pk, name])
        response = ada_at_work.get(path)
        if response.status_code == 200:
            assert not english_left(seen(response.content.decode())), name
            pages += 1
    assert pages >= 6


@pytest.mark.parametrize("model", list(admin.site._registry), ids=lambda model: model.__name__)
def test_every_list(model, ada_at_work, erasure):
    page(ada_at_work, reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"))


@pytest.mark.parametrize("model", [Subject, Item, Plan, Adapter, Release])
def test_the_pages_of_what_the_model_is_made_of(model, ada_at_work, erasure):
    row = model.objects.first()
    if row is not None:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_change"
        page(ada_at_work, reverse(name, args=[row.pk]))


def test_a_button_changes_the_language(ada_at_work, erasure):
    html = ada_at_work.get(reverse("admin:index")).content.decode()
    assert 'action="/language"' in html
    ada_at_work.post("/language", {"language": "en", "next": "/admin/"})
    assert '<html lang="en"' in ada_at_work.get(reverse("admin:index")).content.decode()


def test_machines_are_answered_in_english_whatever_they_accept(client):
    response = client.get("/api/v1/erasure-requests", headers={"Accept-Language": "de"})
    assert response.status_code == 401
    assert response.headers["Content-Language"] == "en"
    with override("de"):
        assert "Anmeldedaten" not in response.content.decode()
