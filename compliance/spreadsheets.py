"""What a spreadsheet makes of a text in a CSV file. Pure.

A text that begins like a formula is run when the file is opened: it could call other programs, or
send what stands beside it away.
"""

import re

# The wide ones are taken for the narrow ones where people write with them.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", *"\uff1d\uff0b\uff0d\uff20")
NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


def harmless(text: str) -> str:
    """Return `text` with an apostrophe in front if it would be a formula; numbers stay as is."""
    if text.startswith(FORMULA_STARTS) and not NUMBER.fullmatch(text):
        return f"'{text}"
    return text
