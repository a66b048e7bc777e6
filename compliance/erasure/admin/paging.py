"""Pages of a queue that may be very long: what is counted is never more than what can be shown."""

from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.utils.functional import cached_property

from compliance.erasure.models import MAX_ITEMS


class BoundedPaginator(Paginator):
    """Counts up to one more than `MAX_ITEMS`, and has pages for `MAX_ITEMS`."""

    @cached_property
    def count(self) -> int:
        found: QuerySet[Any] = self.object_list  # type: ignore[assignment]
        return found.order_by()[: MAX_ITEMS + 1].count()

    @cached_property
    def num_pages(self) -> int:
        return max(1, -(-min(self.count, MAX_ITEMS) // self.per_page))
