"""How a command ends: its exit code, and one line for an error."""

from __future__ import annotations

import contextlib
import traceback
from enum import IntEnum
from typing import TYPE_CHECKING, NoReturn

import typer

from transcode.cli.show import print_error, print_json
from transcode.errors import BudgetError, LimitsError, MessageError, ProfileError, TranscodeError

if TYPE_CHECKING:
    from collections.abc import Callable


class Exit(IntEnum):
    """What the command says to the shell."""

    DONE = 0
    SOME_FAILED = 1
    USAGE = 2
    CANNOT_FIT = 3


def guarded(run: Callable[[], Exit], *, as_json: bool, debug: bool) -> NoReturn:
    """Run a command; an error is one line that names the file and the reason."""
    try:
        code = run()
    except Exception as error:  # noqa: BLE001  (whatever it is, people get one line)
        if debug:
            traceback.print_exc()
        known = isinstance(error, TranscodeError | OSError)
        line = str(error) if known else f"{type(error).__name__}: {error}"
        if as_json:
            with contextlib.suppress(OSError):
                print_json(**{"error": line, "error_type": type(error).__name__, **_fields(error)})
        print_error(line)
        code = _exit_code(error)
    raise typer.Exit(code)


def _exit_code(error: Exception) -> Exit:
    if isinstance(error, BudgetError):
        return Exit.CANNOT_FIT
    if isinstance(error, ProfileError | LimitsError | MessageError):
        return Exit.USAGE
    return Exit.SOME_FAILED


def _fields(error: Exception) -> dict[str, object]:
    """The numbers and names that an error of ours carries."""
    return dict(vars(error)) if isinstance(error, TranscodeError) else {}
