"""The language of the portal: a form and a cookie, no script."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_POST
from django.views.i18n import set_language

from compliance.portal.pages import portal_page


@portal_page
@require_POST
def choose(request: HttpRequest) -> HttpResponseBase:
    """Keep the language in a cookie and go back to the page, which is one of this site."""
    response = set_language(request)
    if response.headers.get("Location") == "/":  # no page was named: the first one is not for all
        response.headers["Location"] = reverse("portal-ask")
    return response
