"""The extract for the record of processing activities, in Markdown."""

from collections.abc import Iterable
from typing import Any


def processing_page(record: dict[str, Any]) -> str:
    """Return `processing_record` for people to read."""
    return "\n".join(
        [
            "# Record of processing activities: extract\n",
            "Art. 30(1) GDPR, for erasure requests and the recommender. Legal bases, transfers to "
            "third countries and\nother systems are the controller's to add.\n",
            "## Controller\n",
            _list(f"{name.replace('_', ' ')}: {it}" for name, it in record["controller"].items()),
            "## Purposes\n",
            _list(record["purposes"]),
            "## Categories of people and data\n",
            *(_category(each) for each in record["categories"]),
            "## Recipients\n",
            _list(f"{each['name']}, told by {each['told_by']}" for each in record["recipients"]),
            "## Transfers to third countries\n",
            f"{record['transfers_to_third_countries']}\n",
            "## Time limits\n",
            "| goes | kept | tables |\n|---|---|---|",
            *(f"| {one['goes']} | {one['kept']} | {one['tables']} |" for one in _limits(record)),
            "\n## Security measures\n",
            _list(record["security_measures"]),
        ]
    )


def _limits(record: dict[str, Any]) -> Iterable[dict[str, str]]:
    limits: list[dict[str, str]] = record["time_limits"]
    return limits


def _category(category: dict[str, Any]) -> str:
    people = str(category["people"])
    held = _list(f"{one['group']}: {'; '.join(one['data'])}" for one in category["held"])
    return f"### {people[:1].upper()}{people[1:]}\n\n{held}"


def _list(lines: Iterable[str]) -> str:
    return "".join(f"- {_plain(line)}\n" for line in lines) or "None.\n"


def _plain(line: str) -> str:
    """Return a line that makes no heading, link or table of its own, whatever a name holds."""
    return "".join(f"\\{each}" if each in "\\`*_[]<>#|" else each for each in line)
