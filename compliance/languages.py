"""Which language an answer is in: people choose, machines read one."""

from django.http import HttpRequest
from django.middleware.locale import LocaleMiddleware
from django.utils import translation

FOR_MACHINES = ("/api/", "/opendsr/")


class LanguageMiddleware(LocaleMiddleware):
    """The cookie's language, or the browser's; English for what machines call."""

    def process_request(self, request: HttpRequest) -> None:
        if not request.path_info.startswith(FOR_MACHINES):
            super().process_request(request)
            return
        translation.activate("en")
        request.LANGUAGE_CODE = "en"
