"""Django settings. Everything that differs between installations comes from the environment.

`docs/operate.md` and, for the portal, `docs/portal.md` list the variables. `manage.py` fills in
DATABASE_URL, DATABASE_OWNER_URL and CELERY_BROKER_URL for the embedded servers when they are not
set.
"""

import secrets
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from compliance.environment import (
    env_bool,
    env_database,
    env_int,
    env_list,
    env_mail,
    env_path,
    env_str,
    env_time_zone,
    write_once,
)

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = env_path("LETHE_VAR", BASE_DIR / "var")
KEYS_DIR = env_path("LETHE_KEYS", VAR_DIR / "keys")
ARTEFACTS_DIR = env_path("LETHE_ARTEFACTS", VAR_DIR / "artefacts")


def _secret_key() -> str:
    """Return LETHE_SECRET_KEY, or the key that this installation made for itself at first start."""
    path = KEYS_DIR / "django.key"
    if not path.exists():
        write_once(path, secrets.token_urlsafe(48))
    return path.read_text(encoding="ascii")


DEBUG = env_bool("LETHE_DEBUG", False)
SECRET_KEY = env_str("LETHE_SECRET_KEY", "") or _secret_key()
ALLOWED_HOSTS = env_list("LETHE_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env_list("LETHE_TRUSTED_ORIGINS", "")
SERVED_OVER_TLS = env_bool("LETHE_TLS", False)
# How many proxies of ours stand before us and add to X-Forwarded-For.
PROXIES = env_int("LETHE_PROXIES", 1 if SERVED_OVER_TLS else 0)

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "drf_spectacular",
    "compliance.accounts",
    "compliance.jobs",
    "compliance.records",
    "compliance.provenance",
    "compliance.erasure",
    "compliance.evidence",
    "compliance.portal",
    "compliance.opendsr",
    "compliance.datamap",
    "compliance.recommendations",
    "workers",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "compliance.languages.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "compliance.urls"
WSGI_APPLICATION = "compliance.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# The application's role owns no table; the owner's role migrates. Both are one database.
DATABASES = {
    "default": env_database("DATABASE_URL"),
    "owner": env_database("DATABASE_OWNER_URL", env_str("DATABASE_URL")) | {"CONN_MAX_AGE": 0},
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "locale"]
# The controller's time zone: legal deadlines are dates in it.
TIME_ZONE = env_time_zone("LETHE_TIME_ZONE", "UTC")
USE_TZ = True
USE_I18N = True

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
WHITENOISE_USE_FINDERS = True

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SERVED_OVER_TLS
LANGUAGE_COOKIE_SECURE, LANGUAGE_COOKIE_HTTPONLY = SERVED_OVER_TLS, True
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
CSRF_FAILURE_VIEW = "compliance.error_pages.csrf_failure"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 8 * 3600
SECURE_SSL_REDIRECT = SERVED_OVER_TLS
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
SECURE_HSTS_SECONDS = 31_536_000 if SERVED_OVER_TLS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SERVED_OVER_TLS else None
X_FRAME_OPTIONS = "DENY"

# How often one may try
API_CALLS_PER_MINUTE = env_int("LETHE_API_CALLS_PER_MINUTE", 6000, least=1)
LOGIN_ATTEMPTS = env_int("LETHE_LOGIN_ATTEMPTS", 10, least=1)
LOGIN_ATTEMPTS_PER_ADDRESS = env_int("LETHE_LOGIN_ATTEMPTS_PER_ADDRESS", 100, least=1)
LOGIN_WINDOW_MINUTES = env_int("LETHE_LOGIN_WINDOW_MINUTES", 15, least=1)

PORTAL_REQUESTS_PER_ADDRESS = env_int("LETHE_PORTAL_REQUESTS_PER_ADDRESS", 20, least=1)
PORTAL_REQUESTS_PER_SUBJECT = env_int("LETHE_PORTAL_REQUESTS_PER_SUBJECT", 5, least=1)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["compliance.accounts.authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["compliance.accounts.permissions.HasScope"],
    "DEFAULT_THROTTLE_CLASSES": ["compliance.accounts.limits.ClientThrottle"],
    "DEFAULT_PARSER_CLASSES": ["compliance.accounts.parsers.StrictJsonParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "compliance.accounts.openapi.Description",
    "EXCEPTION_HANDLER": "compliance.accounts.problems.problem_response",
    "UNAUTHENTICATED_USER": None,
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Lethe",
    "DESCRIPTION": "Erasure requests and recommendations for LLM recommenders.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_NAME_OVERRIDES": {
        "BatchAction": "compliance.erasure.models.BatchAction",
        "BatchResult": "compliance.erasure.models.ItemResult",
        "BatchState": "compliance.erasure.models.BatchState",
        "DeliveryOutcome": "compliance.jobs.models.Outcome",
        "MessageKind": "compliance.jobs.models.MessageKind",
        "MessageState": "compliance.jobs.models.MessageState",
        "PauseKind": "compliance.erasure.models.PauseKind",
        "RequestOutcome": "compliance.erasure.models.Outcome",
        "RequestState": "compliance.erasure.rest.taking.STATES",
    },
}


def _permission(name: str) -> Callable[[HttpRequest], bool]:
    """Return what tells whether a link is for the user who asks."""
    return lambda request: request.user.has_perm(name)


LOGIN_REDIRECT_URL = "admin:index"

UNFOLD = {
    "SITE_TITLE": "Lethe",
    "SITE_HEADER": "Lethe",
    "SITE_SUBHEADER": _("Erasure that can be proven"),
    "SITE_SYMBOL": "water_drop",
    "SITE_URL": reverse_lazy("portal-ask"),
    "STYLES": [lambda request: static("admin_pages/admin.css")],
    "SCRIPTS": [lambda request: static("admin_pages/admin.js")],
    "LOGIN": {"form": "compliance.accounts.login.LoginForm"},
    "SHOW_LANGUAGES": True,
    "LANGUAGES": {"action": reverse_lazy("portal-language")},
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "DASHBOARD_CALLBACK": "compliance.evidence.admin_dashboard.dashboard",
    "SIDEBAR": {
        # It would send what is typed as part of the address, an identifier too.
        "show_search": False,
        "navigation": [
            {
                "title": _("Erasure"),
                "items": [
                    {
                        "title": _("Requests"),
                        "icon": "person_remove",
                        "link": reverse_lazy("admin:erasure_erasurerequest_changelist"),
                        "permission": _permission("erasure.view_erasurerequest"),
                    },
                    {
                        "title": _("Restrictions"),
                        "icon": "lock_clock",
                        "link": reverse_lazy("admin:records_restriction_changelist"),
                        "permission": _permission("records.view_restriction"),
                    },
                    {
                        "title": _("Certificates"),
                        "icon": "verified",
                        "link": reverse_lazy("admin:evidence_certificate_changelist"),
                        "permission": _permission("evidence.view_certificate"),
                    },
                    {
                        "title": _("Reports"),
                        "icon": "monitoring",
                        "link": reverse_lazy("admin:evidence_reportexport_changelist"),
                        "permission": _permission("erasure.export_reports"),
                    },
                ],
            },
            {
                "title": _("Provenance"),
                "items": [
                    {
                        "title": _("Releases"),
                        "icon": "rocket_launch",
                        "link": reverse_lazy("admin:provenance_release_changelist"),
                        "permission": _permission("provenance.view_release"),
                    },
                    {
                        "title": _("Adapters"),
                        "icon": "layers",
                        "link": reverse_lazy("admin:provenance_adapter_changelist"),
                        "permission": _permission("provenance.view_adapter"),
                    },
                    {
                        "title": _("Exports"),
                        "icon": "output",
                        "link": reverse_lazy("admin:provenance_export_changelist"),
                        "permission": _permission("provenance.view_export"),
                    },
                    {
                        "title": _("Plans"),
                        "icon": "assignment",
                        "link": reverse_lazy("admin:provenance_plan_changelist"),
                        "permission": _permission("provenance.view_plan"),
                    },
                ],
            },
            {
                "title": _("Records"),
                "items": [
                    {
                        "title": _("Subjects"),
                        "icon": "group",
                        "link": reverse_lazy("admin:records_subject_changelist"),
                        "permission": _permission("records.view_subject"),
                    },
                    {
                        "title": _("Items"),
                        "icon": "inventory_2",
                        "link": reverse_lazy("admin:records_item_changelist"),
                        "permission": _permission("records.view_item"),
                    },
                ],
            },
            {
                "title": _("Operation"),
                "items": [
                    {
                        "title": _("Jobs"),
                        "icon": "pending_actions",
                        "link": reverse_lazy("admin:jobs_job_changelist"),
                        "permission": _permission("jobs.view_job"),
                    },
                    {
                        "title": _("Messages"),
                        "icon": "outgoing_mail",
                        "link": reverse_lazy("admin:jobs_outboxmessage_changelist"),
                        "permission": _permission("jobs.view_outboxmessage"),
                    },
                    {
                        "title": _("Recipients"),
                        "icon": "contact_mail",
                        "link": reverse_lazy("admin:erasure_recipient_changelist"),
                        "permission": _permission("erasure.view_recipient"),
                    },
                    {
                        "title": _("Endpoints"),
                        "icon": "webhook",
                        "link": reverse_lazy("admin:jobs_endpoint_changelist"),
                        "permission": _permission("jobs.view_endpoint"),
                    },
                    {
                        "title": _("API clients"),
                        "icon": "key",
                        "link": reverse_lazy("admin:accounts_apiclient_changelist"),
                        "permission": _permission("accounts.view_apiclient"),
                    },
                    {
                        "title": _("Users"),
                        "icon": "badge",
                        "link": reverse_lazy("admin:auth_user_changelist"),
                        "permission": _permission("auth.view_user"),
                    },
                ],
            },
        ],
    },
}

# Evidence: whose name stands in certificates.
ISSUER = env_str("LETHE_ISSUER", "urn:lethe:unnamed-controller")

# Who signs mails and pages for people.
CONTROLLER_NAME = env_str("LETHE_CONTROLLER_NAME", "")
# The portal: what people's identifiers are called, such as "Customer number"; and where they find
# the privacy notice and whoever answers questions.
PORTAL_IDENTIFIER = env_str("LETHE_PORTAL_IDENTIFIER", "")
PRIVACY_URL = env_str("LETHE_PRIVACY_URL", "")
PRIVACY_CONTACT = env_str("LETHE_PRIVACY_CONTACT", "")

# Requests
# Where people reach this installation: the beginning of links in mails.
PUBLIC_URL = env_str("LETHE_PUBLIC_URL", "http://127.0.0.1:8000")
# The domain that signs for OpenDSR: the one at which its requests come in.
OPENDSR_DOMAIN = env_str("LETHE_OPENDSR_DOMAIN", "") or urlsplit(PUBLIC_URL).hostname or ""
# Whether an approval takes two persons.
FOUR_EYES = env_bool("LETHE_FOUR_EYES", False)
# How long a request waits for a proof of identity before it expires. Art. 12(4) wants that told
# within a month: the shortest has 28 days, and requests are looked through once an hour.
IDENTITY_DAYS = env_int("LETHE_IDENTITY_DAYS", 27, least=1)
# How long the words of a request are kept after its end: refusals, reasons, comments.
RETENTION_MONTHS = env_int("LETHE_RETENTION_MONTHS", 36, least=1)
# Mails go to the log of the worker that sends them until a mail server is named.
MAIL = env_mail("LETHE_EMAIL_URL")
EMAIL_BACKEND, EMAIL_HOST, EMAIL_PORT = MAIL.backend, MAIL.host, MAIL.port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = MAIL.user, MAIL.password
EMAIL_USE_TLS, EMAIL_USE_SSL = MAIL.starttls, MAIL.tls
EMAIL_TIMEOUT = 15
DEFAULT_FROM_EMAIL = env_str("LETHE_EMAIL_FROM", "Lethe <lethe@localhost>")
# Webhooks into private networks, for an intranet. Everybody who may name an address can use it.
ALLOW_PRIVATE_WEBHOOKS = env_bool("LETHE_ALLOW_PRIVATE_WEBHOOKS", False)

# The workers
CELERY_BROKER_URL = env_str("CELERY_BROKER_URL")
JOB_LEASE_SECONDS = env_int("LETHE_JOB_LEASE_SECONDS", 60, least=2)
JOB_MAX_ATTEMPTS = env_int("LETHE_JOB_MAX_ATTEMPTS", 5, least=1)
# How soon a web process that nobody asks drops a release that is not live any more; 0 for never.
FORGET_SECONDS = env_int("LETHE_FORGET_SECONDS", 5)
# How often new records enter training by themselves; 0 for never.
REFRESH_HOURS = env_int("LETHE_REFRESH_HOURS", 24)
SWEEP_SECONDS = env_int("LETHE_SWEEP_SECONDS", 10, least=1)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "filters": {"links": {"()": "compliance.links_hidden.LinksHidden"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["links"],
        }
    },
    "loggers": {
        "sentence_transformers": {"level": "WARNING"},
        "django.request": {"level": "ERROR"},  # below that it writes addresses as they were asked
    },
    "root": {"handlers": ["console"], "level": env_str("LETHE_LOG_LEVEL", "INFO")},
}
