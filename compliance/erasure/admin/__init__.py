"""The review: the queue of requests, the page of one, the steps, and steps for many at once."""

from compliance.erasure.admin.queue import ErasureRequestAdmin
from compliance.erasure.admin.recipients import RecipientAdmin
from compliance.erasure.admin.restrictions import RestrictionAdmin

__all__ = ["ErasureRequestAdmin", "RecipientAdmin", "RestrictionAdmin"]
