"""What a single value must be. Each function returns it or raises `FaultError`. Pure."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from compliance.records.importing.rows import FaultError

ID_LENGTH, TITLE_LENGTH, ATTRIBUTE_LENGTH = 200, 500, 2000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)", re.ASCII)
_SECONDS = re.compile(r"[+-]?\d+", re.ASCII)


def text(field: str, value: str, longest: int) -> str:
    """Return `value` without the white space around it."""
    if len(value) > longest and len(value.strip()) > longest:
        raise FaultError(value, f"{field} is longer than {longest} characters")
    if _CONTROL.search(value):
        raise FaultError(value, f"{field} contains a control character")
    return value.strip()


def required(field: str, value: str, longest: int = ID_LENGTH) -> str:
    """Return an identifier, or another text that must not be empty."""
    value = text(field, value, longest)
    if not value:
        raise FaultError(value, f"{field} is empty")
    return value


@lru_cache(maxsize=4096)
def rating(value: str, least: Decimal, most: Decimal) -> Decimal:
    """Return a rating between `least` and `most` with at most two decimals."""
    number = _number_between(value, least, most)
    rounded = round(number, 2)
    if rounded != number:
        raise FaultError(value, "rating has more than two decimals")
    return rounded


@lru_cache(maxsize=4096)
def mapped_rating(
    value: str, between: tuple[Decimal, Decimal], onto: tuple[Decimal, Decimal]
) -> Decimal:
    """Return a rating `between` two numbers, mapped `onto` others, in two decimals."""
    share = (_number_between(value, *between) - between[0]) / (between[1] - between[0])
    return round(onto[0] + share * (onto[1] - onto[0]), 2)


def _number_between(value: str, least: Decimal, most: Decimal) -> Decimal:
    if not _NUMBER.fullmatch(value.strip()):
        raise FaultError(value, "rating is not a number such as 3.5")
    number = Decimal(value.strip())
    if not least <= number <= most:
        raise FaultError(value, f"rating is not between {least} and {most}")
    return number


def seconds(value: str, now: datetime) -> datetime:
    """Return the time that is `value` seconds after 1970 began in UTC."""
    if not _SECONDS.fullmatch(value.strip()):
        raise FaultError(value, "time is not a whole number of seconds since 1970")
    try:
        return _past(value, EPOCH + timedelta(seconds=int(value)), now)
    except (OverflowError, ValueError):  # int() refuses thousands of digits
        raise FaultError(value, "time is out of range: give seconds, not milliseconds") from None


def moment(value: str, now: datetime) -> datetime:
    """Return a time in ISO 8601 (in UTC where no offset is given) or in seconds since 1970."""
    if _SECONDS.fullmatch(value.strip()):
        return seconds(value, now)
    try:
        at = datetime.fromisoformat(value.strip())
        at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise FaultError(value, "time is neither ISO 8601 nor whole seconds since 1970") from None
    return _past(value, at, now)


def _past(value: str, at: datetime, now: datetime) -> datetime:
    if at < EPOCH:
        raise FaultError(value, "time is before 1970")
    if at > now:
        raise FaultError(value, "time is in the future")
    return at
