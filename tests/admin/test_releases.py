"""The list of releases says which one is served, and in which epoch."""

import pytest
from django.urls import reverse

from compliance.provenance.releases import epoch_raise, live_release
from tests.crowds import a_release

pytestmark = pytest.mark.django_db


def test_one_release_is_live_in_its_epoch_and_the_others_are_past(login, plan):
    a_release("past")
    epoch_raise()
    release, epoch = live_release()
    browser = login("omar")
    html = browser.get(reverse("admin:provenance_release_changelist")).content.decode()
    assert html.count("Live in epoch") == html.count(f"Live in epoch {epoch}") == 1
    page = reverse("admin:provenance_release_change", args=[release.pk])
    assert f"Live in epoch {epoch}" in browser.get(page).content.decode()
