"""Pages for what goes wrong. None repeats what was asked."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from compliance.portal.pages import message


def bad_request(request: HttpRequest) -> HttpResponse:
    return message(request, _("We do not understand this"), _("Go back and try again."), status=400)


def forged(request: HttpRequest) -> HttpResponse:
    """For a form that does not come from a page of ours, or from a browser without cookies."""
    return message(
        request,
        _("This form is out of date"),
        _("Nothing was done. Open the page anew and try again."),
        _(
            "Your browser has to accept cookies from this site: one keeps others from sending "
            "forms in your name."
        ),
        status=403,
    )


def not_found(request: HttpRequest) -> HttpResponse:
    return message(
        request,
        _("There is nothing here"),
        _(
            "If you followed a link from a mail, copy all of it into the address bar: it may have "
            "been cut off at the end of a line."
        ),
        status=404,
    )


def server_error(request: HttpRequest) -> HttpResponse:
    return message(
        request,
        _("Something went wrong here"),
        _("It is our fault and not yours. Try again in some minutes, or get in touch with us."),
        status=500,
    )
