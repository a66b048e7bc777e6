"""The states of a request as a drawing: Mermaid, which most viewers of Markdown show. Pure."""

from compliance.erasure.states import ERASED_STATES, FINAL_STATES, TRANSITIONS, State

HEAD = """# The states of an erasure request

Made by `manage.py draw_states` from the one table of moves in `compliance/erasure/states.py`.
Postgres holds the same table and refuses every other move, whoever writes.

"""
MEANINGS = {
    State.RECEIVED: "It has come in; its clock runs.",
    State.AWAITING_IDENTITY: "Nothing shows yet that the subject itself asks.",
    State.IN_REVIEW: "The identity is shown, the records are restricted, somebody must decide.",
    State.APPROVED: "The records are gone, and what learned from them is out of service.",
    State.RETRAINING: "An adapter is trained without the records.",
    State.VERIFYING: "The training is repeated and compared, bit for bit.",
    State.COMPLETED: "In full or in part; the certificate is issued.",
    State.DENIED: "Refused with article, reasons and remedies.",
    State.CANCELLED: "Taken back before anything was erased.",
    State.EXPIRED: "The identity was never proven.",
    State.FAILED: "The work after the erasure stopped; a person must look, then it is resumed.",
}


def states_page() -> str:
    """Return the page: drawing and table."""
    rows = [f"| {_words(state)} | {MEANINGS[state]} | {_after(state)} |" for state in State]
    table = "\n".join(["| state | meaning | next |", "|---|---|---|", *rows])
    return f"{HEAD}```mermaid\n{states_drawing()}\n```\n\n{table}\n"


def states_drawing() -> str:
    """Return the drawing; what has no way back, since the records are gone, stands in a box."""
    lines = ["stateDiagram-v2", f"    [*] --> {State.RECEIVED.value}"]
    for source, targets in TRANSITIONS.items():
        lines += [f"    {source.value} --> {target.value}" for target in sorted(targets)]
    lines += [f"    {state.value} --> [*]" for state in State if state in FINAL_STATES]
    erased = ",".join(state.value for state in State if state in ERASED_STATES)
    return "\n".join([*lines, "    classDef erased stroke-width:3px", f"    class {erased} erased"])


def _after(state: State) -> str:
    return ", ".join(map(_words, sorted(TRANSITIONS[state]))) or "nothing: it is answered"


def _words(state: State) -> str:
    return state.value.replace("_", " ")
