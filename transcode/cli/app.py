"""All commands as one program, and the function that runs it."""

from __future__ import annotations

import sys
import warnings
from functools import cache
from typing import Annotated, Any, NoReturn

import typer

import transcode
from transcode.cli.command import Exit
from transcode.cli.complete import completing
from transcode.cli.config import ConfigFile, PrintConfig
from transcode.cli.help import Group
from transcode.cli.named import COMMANDS, NamedCommands
from transcode.cli.print_config import ask, print_all
from transcode.cli.show import print_error
from transcode.errors import ConfigError

app = typer.Typer(
    cls=Group,
    # Plain help: rich would take longer to draw it than all other work of --help.
    rich_markup_mode=None,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@cache
def program() -> Any:
    """Return the program, made once in a process; each command is made when it is first asked for."""
    made: Any = typer.main.get_command(app)
    made.commands = NamedCommands(COMMANDS)
    return made


def run() -> NoReturn:
    """Run the command and end the process with its exit code."""
    # Pillow's warnings of broken files name no file; the reports have what matters of them.
    warnings.filterwarnings("ignore", module="PIL")
    try:
        code = completing(lambda: program()(standalone_mode=False))
    except typer.Abort:
        sys.exit(130)
    except ConfigError as error:
        print_error(str(error))
        sys.exit(Exit.USAGE)
    except Exception as error:
        if not hasattr(error, "format_message") or not hasattr(error, "exit_code"):
            raise
        # A usage error of the argument parser; without any argument its text is the help.
        words: str = error.format_message()
        if words.startswith("Usage:"):
            typer.echo(words, err=True)
        else:
            where = getattr(getattr(error, "ctx", None), "command_path", "transcode")
            print_error(f"{words.rstrip('.')}; {where} --help tells more")
        sys.exit(error.exit_code)
    sys.exit(code)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"transcode {transcode.__version__}")
        raise typer.Exit(Exit.DONE)


@app.callback(invoke_without_command=True)
def options(
    context: typer.Context,
    config: ConfigFile = None,  # noqa: ARG001  (its callback keeps it, as that of version does)
    print_config: PrintConfig = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="With --print-config: one JSON object a line.")
    ] = False,
    version: Annotated[  # noqa: ARG001
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and stop.")
    ] = False,
) -> None:
    """Fit media into MMS: never over the carrier's limit, as good as the limit allows."""
    is_alone = context.invoked_subcommand is None
    if print_config and is_alone:
        print_all(context, as_json=as_json)
    elif print_config:
        ask(context)
    if as_json and not (print_config and is_alone):
        context.fail("--json stands behind the command")
    if is_alone and not print_config:
        context.fail("Missing command.")
