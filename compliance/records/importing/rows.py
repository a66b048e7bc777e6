"""What a reader yields: a row, or a reject that says which line was not taken and why. Pure."""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple


class ItemRow(NamedTuple):
    """A line of a catalogue."""

    line: int
    external_id: str
    title: str
    attributes: dict[str, str]


class InteractionRow(NamedTuple):
    """A line of an interactions file. Personal data."""

    line: int
    subject: str
    item: str
    rating: Decimal
    at: datetime


class ClassRow(NamedTuple):
    """A line that says how likely a subject is to be erased. Personal data."""

    line: int
    subject: str
    erasure_class: str


class ContactLine(NamedTuple):
    """A line that says how a subject can be reached. Personal data."""

    line: int
    subject: str
    email: str
    language: str


class Reject(NamedTuple):
    """A line that was not taken. `value` may be personal; `reason` never is."""

    file: str
    line: int
    value: str
    reason: str


class SourceError(Exception):
    """Nothing can be read. The message names the path, what is wrong with it, and a remedy."""


class FaultError(Exception):
    """One line cannot be taken."""

    def __init__(self, value: str, reason: str) -> None:
        super().__init__(reason)
        self.value, self.reason = value, reason
