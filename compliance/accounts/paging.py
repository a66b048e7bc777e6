"""Pages of lists."""

from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_naive
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request

YEARS = range(2000, 3000)


class ReceiptPagination(CursorPagination):
    """The latest received first, in pages that stay put while new rows come in."""

    page_size = 50
    ordering = ("-received_at", "id")

    def decode_cursor(self, request: Request) -> Any:
        """Refuse a cursor that this list has not given out: it would reach the database."""
        try:
            cursor: Any = super().decode_cursor(request)
            position = cursor.position if cursor else None
            moment = parse_datetime(position) if position else None
        except (APIException, ValueError) as error:
            raise _invalid() from error
        if position and (moment is None or is_naive(moment) or moment.year not in YEARS):
            raise _invalid()
        return cursor


class CreationPagination(ReceiptPagination):
    """The latest created first."""

    ordering = ("-created_at", "id")


def _invalid() -> ValidationError:
    return ValidationError({"cursor": ["Not a cursor of this list."]})
