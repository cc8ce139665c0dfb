"""All commands as one program, and the function that runs it."""

from __future__ import annotations

import sys
import warnings
from functools import cache
from typing import Annotated, Any, NoReturn

import typer

import transcode
from transcode.cli.adapt import adapt
from transcode.cli.batch import batch
from transcode.cli.command import Exit
from transcode.cli.complete import completing
from transcode.cli.config import ConfigFile, PrintConfig
from transcode.cli.doctor import doctor
from transcode.cli.fit import fit
from transcode.cli.help import Command, Group
from transcode.cli.inspect import inspect
from transcode.cli.message import message, preview
from transcode.cli.print_config import ask, print_all
from transcode.cli.profiles import profiles
from transcode.cli.relay import relay
from transcode.cli.relay_blocks import block, unblock
from transcode.cli.relay_keys import key
from transcode.cli.relay_operations import backup, expire, export, peers, restore, secret
from transcode.cli.relay_pages import takedown
from transcode.cli.relay_phones import phone
from transcode.cli.send import send
from transcode.cli.show import print_error
from transcode.cli.slideshow import slideshow
from transcode.cli.watch import watch
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
    """Return the commands with their options, made of the functions' signatures once in a process."""
    return typer.main.get_command(app)


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


for function in (fit, message, adapt, send, slideshow, preview, batch, watch, inspect, doctor):
    app.command(cls=Command)(function)
app.add_typer(profiles, name="profiles")
for function in (phone, block, unblock, takedown, peers, expire, export, backup, restore, secret):
    relay.command(cls=Command)(function)
relay.add_typer(key, name="key")
app.add_typer(relay, name="relay")
