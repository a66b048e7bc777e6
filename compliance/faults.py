"""What may be written down of an error. Its message may not: it may quote personal data."""

import traceback


def frames_of(error: Exception) -> str:
    """Return where the error arose, line by line, without its message."""
    return "".join(traceback.format_tb(error.__traceback__))
