"""The one registry of what an API client may be allowed to do."""

from django.db import models


class Scope(models.TextChoices):
    """A permission of an API client; the value is what stands in keys and in the API's errors."""

    RECOMMENDATIONS_READ = "recommendations:read", "Ask for recommendations"
    ERASURE_CREATE = "erasure:create", "File erasure requests"
    ERASURE_READ = "erasure:read", "Read erasure requests and certificates"
    ERASURE_ASSERT = "erasure:assert-identity", "Vouch for the identity of a subject"
