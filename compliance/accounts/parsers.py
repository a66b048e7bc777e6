"""Bodies of API calls: JSON of one meaning, or a 400."""

import json
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class StrictJsonParser(JSONParser):
    """JSON in UTF-8, without NaN, keys that stand twice or are no text, or endless nesting.

    Its messages quote nothing of the body.
    """

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        try:
            body = stream.read().decode()
            return json.loads(body, object_pairs_hook=_object, parse_constant=_refuse)
        except json.JSONDecodeError as error:
            where = f"line {error.lineno}, column {error.colno}"
            raise ParseError(f"The body is not JSON: {error.msg} ({where}).") from None
        except UnicodeDecodeError:
            raise ParseError("The body is not UTF-8.") from None
        except (ValueError, RecursionError):  # a number of thousands of digits, deep nesting
            raise ParseError("The body is JSON beyond what is taken here.") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ParseError("A key stands twice in the same object.")
    if not all(map(_is_text, values)):  # an error that names the place could not be written
        raise ParseError("A key holds characters that are none.")
    return values


def _is_text(key: str) -> bool:
    """Tell whether it has no half of a surrogate pair."""
    return not any("\ud800" <= sign <= "\udfff" for sign in key)


def _refuse(constant: str) -> NoReturn:
    raise ParseError(f"{constant} is not JSON.")
