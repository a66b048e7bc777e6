"""The calls of a review: a body that is right, and the scope of each."""

from dataclasses import dataclass, field
from typing import Any

URL = "/api/v1/erasure-requests"
NOBODYS = "5f3a1f0e-6f39-4d0b-9d0b-2f1f0c3f4a11"
DIGEST = f"sha256:{'0' * 64}"
REFUSAL = {"article": "17(3)(b)", "text": "The law obliges us to keep it."}


@dataclass(frozen=True)
class Case:
    """One call; `wrong` are bodies that are refused, with the place of the fault."""

    name: str
    scope: str
    body: dict[str, Any] = field(default_factory=dict)
    wrong: tuple[tuple[object, str], ...] = ()

    @property
    def path(self) -> str:
        return f"{URL}/{NOBODYS}/{self.name}"

    def of(self, request: Any) -> str:
        return f"{URL}/{request.pk}/{self.name}"


UNKNOWN_FIELD = ({"because": 1}, "")
NO_TEXT = (
    ({}, "/text"),
    ({"text": ""}, "/text"),
    ({"text": "  "}, "/text"),
    ({"text": 1}, "/text"),
)
CASES = (
    Case("confirm-identity", "erasure:assert-identity", {}, (UNKNOWN_FIELD,)),
    Case(
        "impact",
        "erasure:decide",
        {"scope": {"items": ["i-0"]}},
        (({}, "/scope"), ({"scope": {}}, "/scope"), ({"scope": {"items": []}}, "/scope/items")),
    ),
    Case(
        "approve",
        "erasure:decide",
        {"digest": DIGEST},
        (
            ({}, "/digest"),
            ({"digest": "sha256:alice"}, "/digest"),
            ({"digest": None}, "/digest"),
            ({"digest": DIGEST, "part": {}}, "/part/article"),
            ({"digest": DIGEST, "part": REFUSAL}, "/part/scope"),
            ({"digest": DIGEST, "part": REFUSAL | {"scope": {}}}, "/part/scope"),
            (
                {"digest": DIGEST, "part": {"scope": {"items": ["a"]}} | REFUSAL | {"text": " "}},
                "/part/text",
            ),
        ),
    ),
    Case(
        "deny",
        "erasure:decide",
        REFUSAL,
        (
            ({}, "/article"),
            ({"article": "17(3)(b)"}, "/text"),
            (REFUSAL | {"article": "17(4)"}, "/article"),
            (REFUSAL | {"text": ""}, "/text"),
            (REFUSAL | {"text": " \n"}, "/text"),
            (REFUSAL | {"text": 5}, "/text"),
            (REFUSAL | {"text": "a" * 4001}, "/text"),
            (REFUSAL | {"reason": "x"}, ""),
            (REFUSAL | {"told": 1}, "/told"),
        ),
    ),
    Case(
        "extend",
        "erasure:decide",
        {"reasons": "Many systems are concerned.", "told": True},
        (({}, "/reasons"), ({"reasons": " "}, "/reasons"), ({"reasons": "x", "told": 1}, "/told")),
    ),
    Case("extension-told", "erasure:decide", {}, (UNKNOWN_FIELD,)),
    Case(
        "pause",
        "erasure:decide",
        {"kind": "clarification"},
        (({}, "/kind"), ({"kind": "holiday"}, "/kind"), ({"kind": ["identity"]}, "/kind")),
    ),
    Case("unpause", "erasure:decide", {}, (UNKNOWN_FIELD,)),
    Case("cancel", "erasure:cancel", {}, (UNKNOWN_FIELD, ({"told": "yes"}, "/told"))),
    Case("told", "erasure:decide", {}, (UNKNOWN_FIELD,)),
    Case("resume", "erasure:decide", {}, (UNKNOWN_FIELD,)),
    Case(
        "assign",
        "erasure:decide",
        {"assignee": None},
        (
            ({}, "/assignee"),
            ({"assignee": "nobody-here"}, "/assignee"),
            ({"assignee": []}, "/assignee"),
        ),
    ),
    Case("comments", "erasure:decide", {"text": "She called."}, NO_TEXT),
)
