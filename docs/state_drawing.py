"""Draw the states of a delivery from the table: ``python docs/state_drawing.py``, which needs Graphviz.

The drawing has the ways between states that a delivery leaves again, and the usual way into each state that
it does not. A table beside it has every way. The drawing names the text that it was made of, so a test tells
when the table has changed.
"""

from __future__ import annotations

import hashlib
import subprocess
from collections import defaultdict
from pathlib import Path

from transcode.relay.model import ENDED, State
from transcode.relay.states import REPORTED, TABLE

PICTURE = Path(__file__).with_name("pages") / "explanation" / "states.svg"
#: The usual way into states that many ways lead into: the others stand in the table.
_USUAL = {
    State.FETCHED: State.FETCHING,
    State.RETRIEVED: State.FETCHED,
    State.READ: State.RETRIEVED,
    State.REJECTED: State.NOTIFIED,
    State.UNRECOGNISED: State.NOTIFIED,
    State.VIEWED: State.LINKED,
    State.HANDED_OVER: State.PENDING,
    State.EXPIRED: State.NOTIFIED,
    State.REFUSED: State.PENDING,
    State.CANCELLED: State.WAITING,
    State.INDETERMINATE: State.AT_PEER,
}
#: The longest line of a label, in characters.
_LINE = 24


def ways() -> dict[tuple[State, State], list[str]]:
    """Return the events that lead from each state to another."""
    found: dict[tuple[State, State], list[str]] = defaultdict(list)
    for (before, event), rule in TABLE.items():
        if rule.to is not None and rule.to is not before:
            found[before, rule.to].append(str(event))
        if rule.or_link:
            found[before, State.PENDING].append(f"{event}, and a link may go")
    return dict(found)


def text() -> str:
    """Return the drawing in the language of Graphviz."""
    lines = [
        "digraph states {",
        "  rankdir=TB; nodesep=0.35; ranksep=0.55; bgcolor=transparent;",
        '  node [shape=box style="rounded,filled" fillcolor="#e8eef7" fontname=Helvetica fontsize=12];',
        '  edge [fontname=Helvetica fontsize=9 color="#555555" fontcolor="#333333"];',
    ]
    for state in State:
        report = REPORTED.get(state)
        label = f"{state}\\n({report})" if report else str(state)
        fill = ' fillcolor="#e3f1e1"' if state in ENDED else ""
        lines.append(f'  "{state}" [label="{label}"{fill}];')
    for (before, after), events in ways().items():
        if after in (before, State.ACCEPTED) or _USUAL.get(after, before) is not before:
            continue
        label = "\\n".join(part for event in events for part in _wrapped(event))
        lines.append(f'  "{before}" -> "{after}" [label="{label}"];')
    return "\n".join([*lines, "}"]) + "\n"


def _wrapped(words: str) -> list[str]:
    lines = [""]
    for word in words.split():
        if len(lines[-1]) + len(word) > _LINE:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def name() -> str:
    """Return the name of the text, which the drawing holds."""
    return hashlib.sha256(text().encode()).hexdigest()


def draw() -> None:
    """Write the drawing."""
    command = ["/usr/bin/env", "dot", "-Tsvg"]
    made = subprocess.run(command, input=text(), capture_output=True, text=True, check=True).stdout  # noqa: S603
    # What is before the picture names the version of Graphviz.
    PICTURE.write_text(f"<!-- {name()} -->\n" + made[made.index("<svg") :])


if __name__ == "__main__":
    draw()
