"""Pages of lists."""

from datetime import timedelta
from typing import Any

from django.utils.dateparse import parse_datetime
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request

YEARS = range(2000, 3000)
NO_OFFSET = timedelta(0)  # as rows come; with Python's largest Postgres can do nothing
NUMBER_DIGITS = 18  # fewer than a row number of Postgres can have


class StayingPagination(CursorPagination):
    """Pages that stay put while new rows come in."""

    page_size = 50

    def is_position(self, position: str) -> bool:
        """Tell whether this can be a place in the list."""
        raise NotImplementedError

    def decode_cursor(self, request: Request) -> Any:
        """Refuse a cursor that this list has not given out: it would reach the database."""
        try:
            cursor: Any = super().decode_cursor(request)
            position = cursor.position if cursor else None
            if position and not self.is_position(position):
                raise _invalid()
        except (APIException, ValueError) as error:
            raise _invalid() from error
        return cursor


class ReceiptPagination(StayingPagination):
    """The latest received first."""

    ordering = ("-received_at", "id")

    def is_position(self, position: str) -> bool:
        moment = parse_datetime(position)
        return moment is not None and moment.utcoffset() == NO_OFFSET and moment.year in YEARS


class CreationPagination(ReceiptPagination):
    """The latest created first."""

    ordering = ("-created_at", "id")


class NumberPagination(StayingPagination):
    """By row number, which is the order in which the rows were made."""

    page_size = 100
    ordering = ("id",)

    def is_position(self, position: str) -> bool:
        return position.isascii() and position.isdigit() and len(position) <= NUMBER_DIGITS


def _invalid() -> ValidationError:
    return ValidationError({"cursor": ["Not a cursor of this list."]})
