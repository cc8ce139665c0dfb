"""The manual page, made of the same commands and options as the help.

``python -m transcode.cli.manual`` prints it; ``make man`` writes ``man/transcode.1``.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

from transcode._version import __version__
from transcode.cli.app import program
from transcode.cli.command import EXIT_CODES
from transcode.cli.defaults import commands_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_VARIABLES = (
    ("TRANSCODE_CONFIG", "The file with the defaults of options."),
    ("TRANSCODE_PASSWORD", "The password that goes with --user of send."),
    ("TRANSCODE_OPTION", "The default of --option for all commands, such as TRANSCODE_CARRIER."),
    ("TRANSCODE_COMMAND_OPTION", "The same for one command, such as TRANSCODE_MESSAGE_SUBJECT."),
)
_FILE = (
    "Defaults of options in TOML: keys for all commands, then a table for each command, such as [message]."
)

_SEE = "https://www.openmobilealliance.org/ (MMS Encapsulation), https://www.3gpp.org/ (TS 23.140)"


def page() -> str:
    """The manual page in roff with the macros of man(7)."""
    commands = program()
    lines = [
        f'.TH TRANSCODE 1 "" "mms-transcode {__version__}" "User Commands"',
        ".SH NAME",
        r"transcode \- fit media into MMS under the byte limit of a carrier",
        ".SH SYNOPSIS",
        ".B transcode",
        r"\fICOMMAND\fR [\fIOPTION\fR]... [\fIARGUMENT\fR]...",
        ".SH DESCRIPTION",
        _text(commands.help),
        ".SH OPTIONS",
        *_options(commands),
        *(".TP", r"\fB\-h\fR, \fB\-\-help\fR", "Show the help of the program, or of a command, and stop."),
        ".SH COMMANDS",
        *(line for name, command in commands_of(commands, "transcode ") for line in _command(name, command)),
        ".SH EXIT STATUS",
        *(line for code, meaning in EXIT_CODES for line in (".TP", f".B {int(code)}", _text(meaning))),
        ".SH ENVIRONMENT",
        *(line for name, meaning in _VARIABLES for line in (".TP", f".B {_text(name)}", _text(meaning))),
        ".SH FILES",
        *(".TP", f".B {_text('~/.config/transcode/config.toml')}", _text(_FILE)),
        ".SH STANDARDS",
        _text(_SEE),
    ]
    return "\n".join(lines) + "\n"


def _command(name: str, command: Any) -> Iterator[str]:
    arguments = [param for param in command.params if param.param_type_name == "argument"]
    yield f".SS {_text(name)}"
    yield ".B " + _text(name)
    yield " ".join([r"[\fIOPTION\fR]...", *map(_argument, arguments)])
    for paragraph in re.split(r"\n\s*\n", command.help):
        yield ".PP"
        yield _text(paragraph)
    for param in arguments:
        yield from (".TP", rf"\fI{_text(_metavar(param))}\fR", _text(param.help or ""))
    yield from _options(command)


def _argument(param: Any) -> str:
    written = rf"\fI{_text(_metavar(param))}\fR{'...' if param.nargs == -1 else ''}"
    return written if param.required else f"[{written}]"


def _options(command: Any) -> Iterator[str]:
    """The options of a command by their groups, as the help has them."""
    groups: dict[str | None, list[Any]] = {None: []}
    for param in command.params:
        if param.param_type_name == "option" and not param.hidden:
            groups.setdefault(param.rich_help_panel, []).append(param)
    for title, options in groups.items():
        if title is not None:
            yield from (".PP", rf"\fB{_text(title)}\fR")
        for param in options:
            value = "" if param.is_flag else rf" \fI{_text(_metavar(param))}\fR"
            names = ", ".join(rf"\fB{_text(name)}\fR" for name in (*param.opts, *param.secondary_opts))
            yield from (".TP", f"{names}{value}", _text(param.help or ""))


def _metavar(param: Any) -> str:
    return str(param.metavar or param.name.upper())


def _text(text: str) -> str:
    """Plain text in roff: hyphens that can be copied, and no line that roff takes for a request."""
    line = " ".join(text.split()).replace("\\", r"\e").replace("-", r"\-")
    return rf"\&{line}" if line[:1] in (".", "'") else line


if __name__ == "__main__":
    sys.stdout.write(page())
