"""Help as wide as the terminal, with the options in groups and the exit codes at its end."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup

from transcode.cli.command import EXIT_CODES
from transcode.cli.defaults import name_variable, options_for, other_variables, read_environment, words_of
from transcode.cli.general import GENERAL
from transcode.cli.print_config import print_settings, prints_config, settings_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transcode.cli.defaults import Option

#: The title of a command's own options in the help.
OPTIONS = "Options"

#: Both forms of help; lines as long as the terminal's, however wide it is.
CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 10_000}

EPILOG = f"Exit codes: {'; '.join(f'{int(code)} {meaning}' for code, meaning in EXIT_CODES)}."


class Command(TyperCommand):
    """A command whose help has its options in groups."""

    def __init__(self, *words: Any, **named: Any) -> None:
        named["context_settings"] = {**CONTEXT, **(named.get("context_settings") or {})}
        super().__init__(*words, **{**named, "epilog": named.get("epilog") or EPILOG})

    def read_defaults(self, ctx: Any, own: dict[str, Option]) -> None:
        """Give each option the value that it has without arguments."""
        read_environment(own)
        with self._none_required():
            super().parse_args(ctx, [])

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments, with the environment and the configuration file behind them.

        With --print-config show what came of it and end.
        """
        if ctx.resilient_parsing:
            return super().parse_args(ctx, args)
        is_asked = prints_config(ctx, self, args)
        # Which variables an option has is known from the options of all commands.
        own = options_for(ctx)[words_of(ctx)] if is_asked or other_variables() else {}
        read_environment(own)
        try:
            with self._none_required() if is_asked else nullcontext():
                rest = super().parse_args(ctx, args)
        except Exception as error:
            name_variable(ctx, error, own)
            raise
        if is_asked:
            print_settings(settings_of(ctx, own, alone=True), ctx, as_json=ctx.params.get("as_json", False))
            raise typer.Exit
        return rest

    @contextmanager
    def _none_required(self) -> Iterator[None]:
        """Let arguments be left out for the time of the block: the command is parsed again in its process."""
        required = [param for param in self.params if param.required]
        for param in required:
            param.required = False
        try:
            yield
        finally:
            for param in required:
                param.required = True

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the sections of arguments and options."""
        write_sections(self, ctx, formatter)


class Group(TyperGroup):
    """A group of commands, with the same help.

    Its commands may be a mapping that makes each when it is asked for, and has ``summaries``.
    """

    def __init__(self, *words: Any, **named: Any) -> None:
        named["context_settings"] = {**CONTEXT, **(named.get("context_settings") or {})}
        super().__init__(*words, **{**named, "epilog": named.get("epilog") or EPILOG})

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002  (the parser's signature)
        """Return the names of the commands in the order of the help."""
        return list(self.commands)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the sections of options and commands."""
        write_sections(self, ctx, formatter)
        told: Any = self.commands.summaries() if hasattr(self.commands, "summaries") else self.commands
        TyperGroup(commands=told).format_commands(ctx, formatter)


def sections(command: Any, context: Any) -> dict[str, list[tuple[str, str]]]:
    """Arguments and options of a command by the title of their group: how each is written, and its help."""
    found: dict[str, list[tuple[str, str]]] = {"Arguments": [], OPTIONS: []}
    last: list[tuple[str, str]] = []
    for title, record in _records(command, context):
        (last if title == GENERAL else found.setdefault(title, [])).append(record)
    return {title: records for title, records in {**found, GENERAL: last}.items() if records}


def _records(command: Any, context: Any) -> Iterator[tuple[str, tuple[str, str]]]:
    for param in command.get_params(context):
        record = param.get_help_record(context)
        if record is None:
            continue
        if param.param_type_name == "argument":
            yield "Arguments", record
        else:
            own = GENERAL if "--help" in param.opts else OPTIONS
            yield getattr(param, "rich_help_panel", None) or own, record


def write_sections(command: Any, context: Any, formatter: Any) -> None:
    """Write a section for each group of options."""
    for title, records in sections(command, context).items():
        with formatter.section(title):
            formatter.write_dl(records)
