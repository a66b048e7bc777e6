"""Every page for every role, and nothing that can be added, changed or deleted by hand."""

import pytest
from django.db import transaction
from django.urls import reverse

from compliance.accounts.models import ApiClient
from compliance.accounts.scopes import Scope
from compliance.accounts.services import client_create
from compliance.erasure.models import ErasureRequest
from compliance.jobs.models import Job
from compliance.provenance.adapters import shard_quarantine
from compliance.provenance.exports import export_add
from compliance.provenance.models import Adapter, ExportKind, Plan, Release
from compliance.provenance.releases import live_release
from compliance.records.models import Item, Subject

pytestmark = pytest.mark.django_db

LISTS = {
    "erasure_erasurerequest": {"rita", "otto", "anna", "omar"},
    "evidence_certificate": {"rita", "otto", "anna", "omar"},
    "provenance_plan": {"rita", "otto", "anna", "omar"},
    "provenance_adapter": {"rita", "otto", "anna", "omar"},
    "provenance_release": {"rita", "otto", "anna", "omar"},
    "provenance_export": {"rita", "otto", "anna", "omar"},
    "records_item": {"rita", "otto", "anna", "omar"},
    "records_subject": {"rita", "otto", "anna"},
    "jobs_job": {"rita", "otto", "anna", "omar"},
    "accounts_apiclient": {"otto", "anna", "omar"},
    "auth_user": {"otto", "anna"},
    "auth_group": {"otto", "anna"},
}
MODELS = {
    "erasure_erasurerequest": ErasureRequest,
    "provenance_plan": Plan,
    "provenance_adapter": Adapter,
    "provenance_release": Release,
    "records_item": Item,
    "records_subject": Subject,
    "jobs_job": Job,
    "accounts_apiclient": ApiClient,
}
EVERYBODY = ["rita", "otto", "anna", "omar", "nora"]


@pytest.mark.parametrize("who", EVERYBODY)
def test_each_role_sees_its_pages_and_no_others(login, erasure, who):
    client_create(name="shop", scopes=[Scope.ERASURE_READ])
    browser = login(who)
    urls = {reverse(f"admin:{name}_changelist"): name for name in LISTS} | {
        reverse(f"admin:{name}_change", args=[model.objects.first().pk]): name
        for name, model in MODELS.items()
    }
    wanted = {url: 200 if who in LISTS[name] else 403 for url, name in urls.items()}
    assert {url: browser.get(url).status_code for url in urls} == wanted


def test_nobody_adds_or_deletes_by_hand(admin_client, erasure):
    client_create(name="shop", scopes=[Scope.ERASURE_READ])
    for name, model in MODELS.items():
        one = model.objects.first()
        assert admin_client.get(reverse(f"admin:{name}_add")).status_code == 403
        delete = reverse(f"admin:{name}_delete", args=[one.pk])
        assert admin_client.post(delete, {"post": "yes"}).status_code == 403
        assert model.objects.filter(pk=one.pk).exists()


@pytest.mark.parametrize("who", EVERYBODY)
def test_the_overview_renders_for_all(login, db, who):
    html = login(who).get(reverse("admin:index")).content.decode()
    assert ("has no role yet" in html) == (who == "nora")


def test_an_empty_installation_says_what_to_do_next(login, db):
    otto = login("otto")
    html = otto.get(reverse("admin:index")).content.decode()
    assert "Nothing is served yet" in html
    assert "No request waits" in html
    assert "No certificate has been issued" in html
    for name in ["erasure_erasurerequest", "records_subject", "provenance_plan", "jobs_job"]:
        assert "Nothing here yet" in otto.get(reverse(f"admin:{name}_changelist")).content.decode()


def test_strangers_are_sent_to_the_log_in(client, erasure):
    for name in LISTS:
        response = client.get(reverse(f"admin:{name}_changelist"))
        assert response.status_code == 302
        assert response.url.startswith(reverse("admin:login"))


def test_a_log_in_from_the_bare_address_ends_on_the_overview(client, django_user_model):
    django_user_model.objects.create_user("sue", password="a long pass phrase", is_staff=True)
    login = {"username": "sue", "password": "a long pass phrase"}
    response = client.post(reverse("admin:login"), login)
    assert (response.status_code, response.url) == (302, reverse("admin:index"))


def test_the_partition_key_is_not_shown(login, plan):
    url = reverse("admin:provenance_plan_change", args=[plan.pk])
    assert plan.config["partition"]["key"] not in login("otto").get(url).content.decode()


def test_vectors_in_a_plan_are_cut_short(login, plan):
    Plan.objects.update(config=plan.config | {"vectors": "Zm9v" * 1000})
    url = reverse("admin:provenance_plan_change", args=[plan.pk])
    assert "Zm9vZm9vZm9vZm9v… (4,000 characters)" in login("otto").get(url).content.decode()


def test_the_live_release_is_marked(login, plan):
    html = login("anna").get(reverse("admin:provenance_release_changelist")).content.decode()
    assert "Live in epoch" in html
    assert "The plan&#x27;s own" in html


def test_revoking_a_key_asks_first_and_needs_the_right(login, db):
    client, key = client_create(name="shop", scopes=[Scope.ERASURE_READ])
    url = reverse("admin:accounts_apiclient_revoke", args=[client.pk])
    assert login("anna").post(url).status_code == 403
    omar = login("omar")
    assert "cannot be undone" in omar.get(url).content.decode()
    assert ApiClient.objects.usable().exists()
    html = omar.post(url, follow=True).content.decode()
    assert not ApiClient.objects.usable().exists()
    assert key not in html
    assert client.secret_digest not in html


def test_the_list_of_exports_says_which_copies_have_to_go(login, plan):
    release, epoch = live_release()
    for number in (0, 1):
        with transaction.atomic():
            export_add(
                release=release,
                epoch=epoch,
                checkpoints=[release.checkpoints.get(adapter__shard=number)],
                kind=ExportKind.ADAPTER,
                omega=None,
                digest=release.digest,
                path=f"/srv/shard-{number}",
                by="omar",
            )
    shard_quarantine(plan=plan, shard=1, first_slice=0)
    html = login("omar").get(reverse("admin:provenance_export_changelist")).content.decode()
    assert html.count("Out of service: destroy all copies") == 1
    assert "/srv/shard-1" in html


@pytest.mark.parametrize("page", ["erasure_erasurerequest", "jobs_outboxmessage", "jobs_job"])
def test_a_filter_by_what_is_no_text_shows_the_list(login, page):
    address = reverse(f"admin:{page}_changelist")
    response = login("anna").get(address, {"state__exact": "a\0"}, follow=True)
    assert (response.status_code, response.redirect_chain) == (200, [(f"{address}?e=1", 302)])
