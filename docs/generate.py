"""Pages of the site that are made of the program: its commands, its errors, and documents beside the code.

MkDocs calls ``on_page_markdown`` for each page. A line such as ``<!-- commands -->`` gives place to
what it names, and ``<!-- file SECURITY.md -->`` to that document.
"""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transcode import errors
from transcode.cli.app import program
from transcode.cli.command import EXIT_CODES
from transcode.cli.defaults import commands_of
from transcode.relay.model import State
from transcode.relay.states import REPORTED, STAY, TABLE

if TYPE_CHECKING:
    from collections.abc import Iterator


ROOT = Path(__file__).parents[1]

_FILE = re.compile(r"<!-- file (\S+) -->")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """The text of a page with its generated parts."""
    for name, make in (("commands", commands), ("errors", error_tree), ("states", state_table)):
        place = f"<!-- {name} -->"
        if place in markdown:
            markdown = markdown.replace(place, make())
    return _FILE.sub(lambda match: _document(match[1]), markdown)


def _document(name: str) -> str:
    """The text of a document beside the code. Its links to pages begin at the top of the site."""
    return (ROOT / name).read_text("utf-8").replace("](docs/pages/", "](")


def commands() -> str:
    """All commands with their arguments and options, as ``--help`` has them, and the exit codes."""
    lines = [
        line for name, command in commands_of(program(), "transcode ") for line in _command(name, command)
    ]
    lines += ["## Exit codes", "", "| code | meaning |", "|---|---|"]
    lines += [f"| {int(code)} | {_cell(meaning)} |" for code, meaning in EXIT_CODES]
    return "\n".join(lines) + "\n"


def error_tree() -> str:
    """Each class of error below its parent, with its docstring."""
    return "\n".join(_error(errors.TranscodeError)) + "\n"


def _command(name: str, command: Any) -> Iterator[str]:
    options = [param for param in command.params if not getattr(param, "hidden", False)]
    yield from (f"## {name}", "", inspect.cleandoc(command.help), "", "| | what it says |", "|---|---|")
    for param in options:
        yield f"| {_spelled(param)} | {_cell(param.help or '')} |"
    yield ""


def _spelled(param: Any) -> str:
    """An argument by its name; an option by all its names, and its value where it takes one."""
    value = f"`{param.metavar or param.name.upper()}`"
    if param.param_type_name == "argument":
        return value
    names = ", ".join(f"`{name}`" for name in (*param.opts, *param.secondary_opts))
    return names if param.is_flag else f"{names} {value}"


def state_table() -> str:
    """Return every way in a table of Markdown: a row for each state and event."""
    rows = ["| state | event | next state | the sender is told |", "|---|---|---|---|"]
    for state in State:
        for (before, event), rule in TABLE.items():
            if before is not state or rule == STAY:
                continue
            after = str(rule.to) if rule.to is not None else "stays"
            if rule.or_link:
                after += "; pending, where a link may go"
            told = [rule.report or (REPORTED.get(rule.to) if rule.to is not None else None)]
            told += ["deleted unread"] * rule.unread
            rows.append(f"| {state} | {event} | {after} | {', '.join(filter(None, told))} |")
    return "\n".join(rows) + "\n"


def _error(kind: type[Exception]) -> Iterator[str]:
    parents = ", ".join(f"`{base.__name__}`" for base in kind.__bases__)
    yield from (f"## {kind.__name__}", "", f"A kind of {parents}.", "")
    summary, _, attributes = inspect.cleandoc(kind.__doc__ or "").replace("``", "`").partition("Attributes:")
    yield from (summary.strip(), "")
    for line in inspect.cleandoc(attributes).splitlines():
        # A line that is indented goes on with the attribute above.
        yield f"  {line.strip()}" if line.startswith(" ") else f"- {line}" if line else ""
    yield ""
    for child in kind.__subclasses__():
        # A client has errors of its own, on its own page.
        if child.__module__ == errors.__name__:
            yield from _error(child)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
