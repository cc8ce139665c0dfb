"""The commands of the program. Each is imported when it is called, or when its options are asked for."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand

from transcode.cli.help import Command


class Named(NamedTuple):
    """A command that may not be loaded yet.

    Attributes:
        module: the module whose attribute of the command's name is its function, or its group of commands.
        summary: the first paragraph of its help.
    """

    module: str
    summary: str


#: The commands in the order of the help.
COMMANDS = {
    "fit": Named(
        "transcode.cli.fit",
        "Fit pictures, animations, clips and recordings into a limit, each as a file.",
    ),
    "message": Named(
        "transcode.cli.message",
        "Make one message of pictures, clips, sounds and text.",
    ),
    "adapt": Named(
        "transcode.cli.adapt",
        "Make a received message fit another receiver.",
    ),
    "send": Named(
        "transcode.cli.send",
        "Send a finished message to a message centre or a mail server.",
    ),
    "slideshow": Named(
        "transcode.cli.slideshow",
        "Make a slideshow of pictures: a message, or a clip.",
    ),
    "preview": Named(
        "transcode.cli.message",
        "Make a page that plays a message in a browser, as a phone would.",
    ),
    "batch": Named(
        "transcode.cli.batch",
        "Make a message of every file below a directory, or of each row of a job file.",
    ),
    "watch": Named(
        "transcode.cli.watch",
        "Convert the files in a directory, and those that arrive in it, until a signal comes.",
    ),
    "inspect": Named(
        "transcode.cli.inspect",
        "Show what a message holds.",
    ),
    "doctor": Named(
        "transcode.cli.doctor",
        "Show versions, vector code and missing parts.",
    ),
    "profiles": Named(
        "transcode.cli.profiles",
        "Search the profiles, show one with its sources, compare two.",
    ),
    "relay": Named(
        "transcode.cli.relay_commands",
        "Run a message centre (MMSC), and see what becomes of its messages.",
    ),
}


class NamedCommands(Mapping[str, Any]):
    """Commands by their names; each is imported and made at its first access."""

    def __init__(self, named: Mapping[str, Named]) -> None:
        self._named = named
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            self._made[name] = _made(name, self._named[name])
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._named)

    def __len__(self) -> int:
        return len(self._named)

    def summaries(self) -> dict[str, Any]:
        """Return commands that have a name and a help and nothing else, for a list of them."""
        return {name: TyperCommand(name, help=told.summary) for name, told in self._named.items()}


def _made(name: str, named: Named) -> Any:
    found = getattr(importlib.import_module(named.module), name)
    around = typer.Typer(
        callback=lambda: None, rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False
    )
    if isinstance(found, typer.Typer):
        around.add_typer(found, name=name)
    else:
        around.command(name, cls=Command)(found)
    group: Any = typer.main.get_command(around)
    return group.commands[name]
