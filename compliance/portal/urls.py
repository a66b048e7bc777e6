from django.urls import path

from compliance.portal import asking, following, handing, language

urlpatterns = [
    path("requests/", asking.ask, name="portal-ask"),
    path("requests/lost", asking.lost, name="portal-lost"),
    path("requests/verifier.py", following.verifier, name="portal-verifier"),
    path("requests/<uuid:request_id>/<str:token>", following.status, name="portal-status"),
    path("requests/<uuid:request_id>/<str:token>/cancel", following.cancel, name="portal-cancel"),
    path(
        "requests/<uuid:request_id>/<str:token>/certificate",
        following.certificate,
        name="portal-certificate",
    ),
    path("hand-off", handing.hand_off, name="portal-hand-off"),
    path("language", language.choose, name="portal-language"),
]
